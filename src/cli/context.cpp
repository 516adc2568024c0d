#include "cli/context.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "cli/help.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/logs/question.h"

namespace lastgood::cli {
namespace {

const char* config_variable() {
    const char* value = std::getenv("LASTGOOD_CONFIG");
    return value != nullptr && *value != '\0' ? value : nullptr;
}

config::Environment lenient_environment() {
    config::Environment environment;
    environment.variable = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value != nullptr ? value : kStandIn;
    };
    environment.read_secret_file = [](const std::string&) -> Expected<std::string> {
        return std::string(kStandIn);
    };
    environment.file_is_private = true;
    environment.stand_in = kStandIn;
    std::error_code ignored;
    const auto folder = std::filesystem::current_path(ignored);
    if (!ignored) environment.current_folder = folder.string();
    return environment;
}

}  // namespace

Error faulty(const std::vector<config::Fault>& faults) {
    std::string what;
    for (const auto& fault : faults) what += (what.empty() ? "" : "\n") + fault.text();
    return Error{what, {}};
}

std::string config_path(const Context& context) {
    if (!context.config_option.empty()) return context.config_option;
    const char* variable = config_variable();
    return variable != nullptr ? variable : kDefaultConfig;
}

Expected<Places> find_places(const Context& context) {
    const std::string path = config_path(context);
    const bool named = !context.config_option.empty() || config_variable() != nullptr;
    const auto text = sys::read_file(path, limits::kConfigBytesMax);
    if (!text) {
        if (named) return Error{"can't read the config: " + text.error().text(), {}};
        const config::Config defaults;
        return Places{defaults.runtime_dir, defaults.state_dir};
    }
    const auto loaded = config::parse(path, *text, lenient_environment());
    if (!loaded.config) return faulty(loaded.faults);
    Places places{loaded.config->runtime_dir, loaded.config->state_dir};
    for (const auto& app : loaded.config->apps) {
        places.app_logs[app.name.str()] = logs::own_files(places.state_dir, app);
    }
    if ((places.runtime_dir + places.state_dir).find(kStandIn) != std::string::npos) {
        return Error{"runtime_dir and state_dir in " + path +
                         " depend on an environment variable that is not set",
                     "set it as it is set for the daemon"};
    }
    return places;
}

void complain_of(const std::vector<config::Fault>& faults) {
    if (faults.empty()) return;
    for (const auto& fault : faults) complain(fault.text());
    complain(see("LG-config"));
}

bool print(const std::string& text) {
    const bool whole = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    return std::fflush(stdout) == 0 && whole;
}

void complain(const std::string& line) {
    const std::string text = line + "\n";
    std::fflush(stdout);
    std::fwrite(text.data(), 1, text.size(), stderr);
}

// Line by line: a reason may hold the last lines of a build.
void complain(const Error& error) {
    bool first = true;
    for (const std::string& line : split(error.text(), '\n')) {
        complain((first ? "lastgood: " : "  ") + printable(line));
        first = false;
    }
}

int refuse(const Error& error, int exit_code) {
    complain(error);
    return exit_code;
}

}  // namespace lastgood::cli
