#include "daemon/metrics_page.h"

#include <array>
#include <charconv>

#include "lastgood/base/strings.h"

namespace lastgood::daemon {
namespace {

std::string escaped(const std::string& value) {
    std::string out;
    for (const char c : to_utf8(value)) {
        if (c == '\\' || c == '"') out += '\\';
        out += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return out;
}

}  // namespace

void MetricsPage::family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = "lastgood_" + std::string(name);
    text_.append("# HELP ").append(name_).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(name_).append(" ").append(type).append("\n");
}

void MetricsPage::sample(const Labels& labels, double value) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    write(labels, {digits.data(), end.ptr});
}

void MetricsPage::write(const Labels& labels, const std::string& value) {
    text_ += name_;
    const char* before = "{";
    for (const auto& [label, text] : labels) {
        text_.append(before).append(label).append("=\"").append(escaped(text)).append("\"");
        before = ",";
    }
    text_.append(labels.empty() ? " " : "} ").append(value).append("\n");
}

}  // namespace lastgood::daemon
