// Configs read without a disk: environment variables and secret files are maps.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "lastgood/config/load.h"

namespace lastgood::config {

struct World {
    std::map<std::string, std::string> variables;
    std::map<std::string, std::string> files = {
        {"/etc/lastgood/secret", "0123456789abcdef0123456789abcdef\n"}};
    bool file_is_private = false;
    std::string path = "/etc/lastgood/lastgood.yaml";

    [[nodiscard]] Loaded read(const std::string& yaml) const {
        Environment environment;
        environment.variable = [this](const std::string& name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            if (found == variables.end()) return std::nullopt;
            return found->second;
        };
        environment.read_secret_file = [this](const std::string& name) -> Expected<std::string> {
            const auto found = files.find(name);
            if (found == files.end()) return Error{name + ": No such file or directory", ""};
            return found->second;
        };
        environment.file_is_private = file_is_private;
        environment.current_folder = "/home/me";
        return parse(path, yaml, environment);
    }
};

inline std::string faults_of(const Loaded& loaded) {
    std::string all;
    for (const Fault& fault : loaded.faults) all += fault.text() + "\n";
    return all;
}

// The one app of a config without a receiver, made of these lines (each ends in a newline).
inline std::string one_app(const std::string& lines) {
    std::string yaml = "apps:\n  a:\n    repo: /srv/a.git\n    run: ./a\n";
    std::size_t from = 0;
    while (from < lines.size()) {
        const auto end = lines.find('\n', from);
        yaml += "    " + lines.substr(from, end - from) + "\n";
        from = end == std::string::npos ? lines.size() : end + 1;
    }
    return yaml;
}

inline App app_with(const std::string& lines, const World& world = {}) {
    auto loaded = world.read(one_app(lines));
    EXPECT_TRUE(loaded.config) << lines << "\n" << faults_of(loaded);
    if (!loaded.config) throw std::runtime_error("not a config");
    return loaded.config->apps.at(0);
}

// The only fault of it, without file and place; "" when there is none or more than one.
inline std::string fault_with(const std::string& lines, const World& world = {}) {
    const auto loaded = world.read(one_app(lines));
    EXPECT_EQ(loaded.config.has_value(), loaded.faults.empty());
    return loaded.faults.size() == 1
               ? loaded.faults[0].message
               : std::to_string(loaded.faults.size()) + " faults: " + faults_of(loaded);
}

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace lastgood::config
