#include "cli/help.h"

#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/texts.h"
#include "cli/verbs.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

constexpr std::string_view kHeading = "\n## ";

}  // namespace

std::vector<std::string> help_topics() {
    std::vector<std::string> names;
    const std::string_view text = kErrorsText;
    for (auto at = text.find(kHeading); at != std::string_view::npos;
         at = text.find(kHeading, at + 1)) {
        const auto begin = at + kHeading.size();
        names.emplace_back(trim(text.substr(begin, text.find('\n', begin) - begin)));
    }
    return names;
}

std::string help_section(std::string_view name) {
    const std::string_view text = kErrorsText;
    const auto at = text.find(std::string(kHeading) + std::string(name) + "\n");
    if (name.empty() || at == std::string_view::npos) return {};
    const auto begin = text.find('\n', at + 1);
    const auto end = text.find(kHeading, begin);
    return std::string(trim(text.substr(begin, end == text.npos ? end : end - begin))) + "\n";
}

std::string see(std::string_view name) {
    return name.empty() ? "" : "see: lastgood help " + printable(name, 64);
}

int help(const std::string& topic) {
    const std::string section = help_section(topic);
    if (!section.empty()) {
        print(topic + "\n\n" + section);
        return kDone;
    }
    const auto meant = nearest(topic, help_topics());
    return refuse(
        {"there is no command and no error of the name " + printable(topic, 64),
         meant ? "did you mean: lastgood help " + *meant : "all commands: lastgood --help"},
        kUsage);
}

}  // namespace lastgood::cli
