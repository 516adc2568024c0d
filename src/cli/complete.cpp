#include "cli/complete.h"

#include <algorithm>

namespace lastgood::cli {
namespace {

struct Place {
    const CommandInfo* program;
    const CommandInfo* command;           // the innermost that was named
    std::vector<const OptionInfo*> all;   // options that may stand here
    const OptionInfo* pending = nullptr;  // an option that waits for its value
    std::size_t positionals = 0;          // given so far
    bool only_positionals = false;        // after "--"
};

bool has_name(const OptionInfo& option, const std::string& name) {
    return std::find(option.names.begin(), option.names.end(), name) != option.names.end();
}

void enter(Place& place, const CommandInfo& command) {
    place.command = &command;
    place.positionals = 0;
    std::erase_if(place.all, [](const OptionInfo* one) { return has_name(*one, "--version"); });
    for (const OptionInfo& option : command.options) place.all.push_back(&option);
}

const OptionInfo* positional_at(const Place& place) {
    const auto& list = place.command->positionals;
    if (place.positionals < list.size()) return &list[place.positionals];
    return !list.empty() && list.back().many ? &list.back() : nullptr;
}

void take_option(Place& place, const std::string& word) {
    if (word.find('=') != std::string::npos) return;
    for (const OptionInfo* option : place.all) {
        if (has_name(*option, word) && !option->value.empty()) place.pending = option;
    }
}

void take(Place& place, const std::string& word, Completion& result) {
    if (place.pending != nullptr) {
        if (has_name(*place.pending, "--config")) result.config = word;
        place.pending = nullptr;
        return;
    }
    if (word == "--" && !place.only_positionals) {
        place.only_positionals = true;
        return;
    }
    if (word.size() > 1 && word[0] == '-' && !place.only_positionals)
        return take_option(place, word);
    if (place.positionals == 0) {
        for (const CommandInfo& command : place.command->commands) {
            if (command.name == word) return enter(place, command);
        }
    }
    const OptionInfo* positional = positional_at(place);
    if (positional != nullptr && positional->value == "APP") result.app = word;
    ++place.positionals;
}

void offer(Completion& result, const std::string& typed, const std::string& word,
           const std::string& about) {
    if (word.starts_with(typed)) result.candidates.push_back({word, about});
}

void offer_value(Completion& result, const Place& place, const std::string& typed,
                 const std::string& value) {
    const auto words = [&](std::initializer_list<const char*> list) {
        for (const char* word : list) offer(result, typed, word, "");
    };
    if (value == "LEVEL") return words({"error", "warn", "info", "http", "debug"});
    if (value == "SHELL") return words({"bash", "zsh", "fish"});
    if (value == "FILE") return result.wanted.push_back(Wanted::file);
    if (value == "DIR") return result.wanted.push_back(Wanted::folder);
    if (value == "APP") return result.wanted.push_back(Wanted::app);
    if (value == "DEPLOYMENT") {
        result.wanted.push_back(Wanted::deployment);
        return result.wanted.push_back(Wanted::app);
    }
    if (value == "ID") return result.wanted.push_back(Wanted::delivery);
    if (value == "TOPIC") {
        for (const CommandInfo& one : place.program->commands) {
            offer(result, typed, one.name, one.about);
        }
        return result.wanted.push_back(Wanted::topic);
    }
    if (value != "COMMIT") return;
    const std::string& command = place.command->name;
    result.wanted.push_back(command == "rollback"  ? Wanted::good_commit
                            : command == "release" ? Wanted::quarantined
                                                   : Wanted::commit);
}

}  // namespace

Completion complete(const CommandInfo& program, const std::vector<std::string>& words) {
    Completion result;
    Place place{&program, &program, {}};
    enter(place, program);
    const std::string typed = words.empty() ? "" : words.back();
    for (std::size_t i = 0; i + 1 < words.size(); ++i) take(place, words[i], result);
    if (place.pending != nullptr) {
        offer_value(result, place, typed, place.pending->value);
        return result;
    }
    if (typed.starts_with('-') && !place.only_positionals) {
        for (const OptionInfo* option : place.all) {
            for (const std::string& name : option->names) offer(result, typed, name, option->about);
        }
        return result;
    }
    if (place.positionals == 0) {
        for (const CommandInfo& command : place.command->commands) {
            offer(result, typed, command.name, command.about);
        }
    }
    if (const OptionInfo* positional = positional_at(place)) {
        offer_value(result, place, typed, positional->value);
    }
    return result;
}

}  // namespace lastgood::cli
