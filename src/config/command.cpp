#include "config/command.h"

#include "lastgood/base/strings.h"

namespace lastgood::config {
namespace {

// As a shell would take it, for people to read.
std::string shown_word(const std::string& word) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
    std::string out = "'";
    for (char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
    return out + "'";
}

std::optional<Command> from_list(const Section& section, std::string_view key,
                                 const YamlNode& node) {
    Command command;
    std::vector<std::string> shown;
    for (const YamlNode& item : node.items) {
        if (item.faulty) return std::nullopt;
        if (item.kind != YamlNode::Kind::scalar) {
            section.fault(key, item.mark, "each word of a command must be a single value");
            return std::nullopt;
        }
        command.argv.push_back(item.text);
        shown.push_back(shown_word(item.text));
    }
    if (command.argv.empty() || command.argv.front().empty()) {
        section.fault(key, node.mark, "the command is empty");
        return std::nullopt;
    }
    command.text = join(shown, " ");
    return command;
}

std::optional<Command> from_node(const Section& section, std::string_view key,
                                 const YamlNode& node) {
    if (node.faulty) return std::nullopt;
    if (node.kind == YamlNode::Kind::list) return from_list(section, key, node);
    if (node.kind != YamlNode::Kind::scalar) {
        section.fault(key, node.mark, "expected a command: a string, or a list of strings");
        return std::nullopt;
    }
    if (trim(node.text).empty()) {
        section.fault(key, node.mark, "the command is empty");
        return std::nullopt;
    }
    return Command{{"/bin/sh", "-c", node.text}, node.text};
}

}  // namespace

void read_command(const Section& section, std::string_view key, Command& into) {
    const auto* node = section.value(key);
    if (node == nullptr) return;
    if (auto command = from_node(section, key, *node)) into = *std::move(command);
}

void read_commands(const Section& section, std::string_view key, std::vector<Command>& into) {
    const auto* node = section.value(key);
    if (node == nullptr) return;
    if (node->kind != YamlNode::Kind::list) {
        if (auto command = from_node(section, key, *node)) into.push_back(*std::move(command));
        return;
    }
    for (const YamlNode& item : node->items) {
        if (auto command = from_node(section, key, item)) into.push_back(*std::move(command));
    }
}

}  // namespace lastgood::config
