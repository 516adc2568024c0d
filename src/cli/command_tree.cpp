#include "cli/command_tree.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace lastgood::cli {
namespace {

// "INT:INT in [1 - 1000]" names what is checked, too.
std::string value_of(const CLI::Option& option) {
    if (option.get_items_expected_max() == 0) return {};
    const std::string type = option.get_type_name();
    return type.substr(0, type.find(':'));
}

OptionInfo info_of(const CLI::Option& option) {
    OptionInfo info;
    for (const std::string& name : option.get_snames()) info.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) info.names.push_back("--" + name);
    if (!option.nonpositional()) info.names.push_back(option.get_name());
    info.value = option.nonpositional() ? value_of(option) : option.get_name();
    info.about = option.get_description();
    info.required = option.get_required();
    info.many = option.get_items_expected_max() > 1;
    return info;
}

nlohmann::ordered_json json_of(const std::vector<OptionInfo>& options) {
    auto list = nlohmann::ordered_json::array();
    for (const OptionInfo& option : options) {
        list.push_back({{"names", option.names},
                        {"value", option.value},
                        {"about", option.about},
                        {"required", option.required},
                        {"many", option.many}});
    }
    return list;
}

nlohmann::ordered_json json_of(const CommandInfo& command) {
    auto commands = nlohmann::ordered_json::array();
    for (const CommandInfo& one : command.commands) commands.push_back(json_of(one));
    return {{"name", command.name},
            {"about", command.about},
            {"options", json_of(command.options)},
            {"positionals", json_of(command.positionals)},
            {"commands", std::move(commands)}};
}

}  // namespace

CommandInfo tree_of(const CLI::App& program) {
    CommandInfo info{program.get_name(), program.get_description(), {}, {}, {}};
    for (const CLI::Option* option : program.get_options()) {
        auto& list = option->nonpositional() ? info.options : info.positionals;
        list.push_back(info_of(*option));
    }
    const auto shown = [](const CLI::App* command) { return !command->get_group().empty(); };
    for (const CLI::App* command : program.get_subcommands(shown)) {
        info.commands.push_back(tree_of(*command));
    }
    return info;
}

std::string tree_json(const CommandInfo& tree) {
    return json_of(tree).dump(2);
}

}  // namespace lastgood::cli
