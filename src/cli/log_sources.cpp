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

}  // namespace

Expected<std::vector<logs::LogSource>> log_sources(const Places& places,
                                                   const std::vector<std::string>& apps) {
    const std::string folder = places.state_dir + "/apps";
    for (const std::string& path : {places.state_dir, folder}) {
        if (auto readable = may_read(path); !readable) return readable.error();
    }
    for (const std::string& app : apps) {
        if (!AppName::parse(app) || !sys::is_directory(folder + "/" + app)) {
            const auto meant = nearest(app, apps_with_logs(folder));
            return Error{
                "no app named " + printable(app, 64) + " has logs in " + folder,
                meant ? "did you mean " + *meant + "?" : "see the names with: lastgood status"};
        }
    }
    auto sources = logs::sources_of(places.state_dir, apps.empty() ? apps_with_logs(folder) : apps,
                                    places.app_logs);
    for (const auto& source : sources) {
        if (auto readable = may_read(source.path); !readable) return readable.error();
    }
    return sources;
}

}  // namespace lastgood::cli
