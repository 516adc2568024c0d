#include <CLI/Version.hpp>
#include <nlohmann/json.hpp>

#include "cli/answers.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"
#include "lastgood/base/version.h"
#include "lastgood/config/library_version.h"
#include "lastgood/forge/library_version.h"
#include "lastgood/git/library_version.h"
#include "lastgood/http/library_version.h"
#include "lastgood/logs/library_version.h"
#include "lastgood/store/library_version.h"

namespace lastgood::cli {
namespace {

std::string json_library_version() {
    return std::to_string(NLOHMANN_JSON_VERSION_MAJOR) + "." +
           std::to_string(NLOHMANN_JSON_VERSION_MINOR) + "." +
           std::to_string(NLOHMANN_JSON_VERSION_PATCH);
}

}  // namespace

const char* own_version() {
    return program_version();
}

int version(const Context& context) {
    const std::vector<std::pair<std::string, std::string>> versions = {
        {"lastgood", own_version()},
        {"libgit2", git::library_version()},
        {"OpenSSL", forge::library_version()},
        {"SQLite", store::library_version()},
        {"cpp-httplib", http::library_version()},
        {"spdlog", logs::library_version()},
        {"yaml-cpp", config::library_version()},
        {"nlohmann-json", json_library_version()},
        {"CLI11", CLI11_VERSION},
    };
    if (context.json) {
        print(object_json(versions) + "\n");
        return kDone;
    }
    std::string text;
    for (const auto& [name, number] : versions) {
        text += (text.empty() ? "" : "  ") + name + " " + number + "\n";
    }
    print(text);
    return kDone;
}

}  // namespace lastgood::cli
