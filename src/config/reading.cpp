#include "config/reading.h"

#include <filesystem>

namespace lastgood::config {
namespace {

bool is_name(std::string_view text) {
    if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
    return text.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
           std::string_view::npos;
}

// What stands between "${" and "}".
std::string value_of(Reading& reading, YamlNode& node, std::string_view inside) {
    const auto split_at = inside.find(":-");
    const std::string name(inside.substr(0, split_at));
    if (!is_name(name)) {
        node.faulty = true;
        reading.fault(node.mark, "${" + std::string(inside) +
                                     "} names no environment variable; write $${ for a plain ${");
        return {};
    }
    const auto value = reading.environment.variable(name);
    if (split_at != std::string_view::npos && (!value || value->empty())) {
        return std::string(inside.substr(split_at + 2));
    }
    if (!value) {
        node.faulty = true;
        reading.fault(node.mark, "the environment variable " + name +
                                     " is not set; set it, write ${" + name +
                                     ":-default}, or $${ for a plain ${");
    }
    return value.value_or("");
}

void expand_scalar(Reading& reading, YamlNode& node) {
    std::string out;
    std::string_view rest = node.text;
    for (auto at = rest.find("${"); at != std::string_view::npos; at = rest.find("${")) {
        if (at > 0 && rest[at - 1] == '$') {
            out.append(rest.substr(0, at - 1)).append("${");
            rest.remove_prefix(at + 2);
            continue;
        }
        const auto end = rest.find('}', at);
        if (end == std::string_view::npos) {
            node.faulty = true;
            reading.fault(node.mark, "${ without its }; write $${ for a plain ${");
            return;
        }
        out.append(rest.substr(0, at));
        out.append(value_of(reading, node, rest.substr(at + 2, end - at - 2)));
        rest.remove_prefix(end + 1);
    }
    node.text = out.append(rest);
}

}  // namespace

std::string Reading::absolute(const std::string& path) const {
    auto clean = (std::filesystem::path(folder) / path).lexically_normal().string();
    while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
    return clean;
}

void expand_variables(Reading& reading, YamlNode& node) {
    if (node.kind == YamlNode::Kind::scalar) expand_scalar(reading, node);
    for (YamlNode& item : node.items) expand_variables(reading, item);
    for (YamlEntry& entry : node.entries) expand_variables(reading, entry.value);
}

}  // namespace lastgood::config
