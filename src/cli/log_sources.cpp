#include "cli/log_sources.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "lastgood/base/ids.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::cli {
namespace {

Expected<void> may_read(const std::string& path) {
    if (access(path.c_str(), R_OK) == 0 || errno == ENOENT) return {};
    Error error = system_error("can't read " + path, errno);
    error.mend = "run it with sudo, or as the user that the daemon runs as";
    return error;
}

std::vector<std::string> apps_with_logs(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (AppName::parse(name) && sys::is_directory(entry->path().string())) {
            names.push_back(name);
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

bool in_a_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool has_word(std::string_view text, std::string_view word) {
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
        const std::size_t after = at + word.size();
        const bool begins = at == 0 || !in_a_word(text[at - 1]);
        if (begins && (after == text.size() || !in_a_word(text[after]))) return true;
    }
    return false;
}

}  // namespace

Expected<std::vector<logs::LogSource>> log_sources(const Places& places,
                                                   const std::vector<std::string>& apps) {
    const std::string folder = places.state_dir + "/apps";
    for (const std::string& path : {places.state_dir, folder}) {
        if (auto readable = may_read(path); !readable) return readable.error();
    }
    for (const std::string& app : apps) {
        if (!AppName::parse(app) || !sys::is_directory(folder + "/" + app)) {
            return Error{"no app named " + printable(app, 64) + " has logs in " + folder,
                         "see the names with: lastgood status"};
        }
    }
    std::vector<logs::LogSource> sources;
    for (const std::string& app : apps.empty() ? apps_with_logs(folder) : apps) {
        sources.push_back({app, folder + "/" + app + "/logs/output.log"});
        const auto own = places.app_logs.find(app);
        if (own == places.app_logs.end()) continue;
        for (const auto& path : own->second) sources.push_back({app, path, false});
    }
    sources.push_back({kDaemonSource, places.state_dir + "/logs/lastgood.log"});
    for (const auto& source : sources) {
        if (auto readable = may_read(source.path); !readable) return readable.error();
    }
    return sources;
}

bool is_about(const logs::LogLine& line, const std::vector<std::string>& apps) {
    return std::any_of(apps.begin(), apps.end(), [&line](const std::string& app) {
        return has_word(line.text, app) || has_word(line.second, app);
    });
}

}  // namespace lastgood::cli
