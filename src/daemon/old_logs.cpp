#include "daemon/old_logs.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <utility>

#include "lastgood/base/limits.h"

namespace lastgood::daemon {
namespace {

constexpr std::string_view kBegin = "deployment-";
constexpr std::string_view kEnd = ".log";

}  // namespace

std::vector<std::string> old_deployment_logs(const std::vector<std::string>& files,
                                             std::size_t kept) {
    std::vector<std::pair<std::int64_t, std::string>> logs;
    for (const std::string& file : files) {
        std::string_view name = file;
        if (!name.starts_with(kBegin) || !name.ends_with(kEnd)) continue;
        name.remove_prefix(kBegin.size());
        name.remove_suffix(std::min(name.size(), kEnd.size()));
        std::int64_t id = 0;
        const char* end = name.data() + name.size();
        if (std::from_chars(name.data(), end, id) == std::from_chars_result{end, std::errc{}}) {
            logs.emplace_back(id, file);
        }
    }
    std::sort(logs.begin(), logs.end(), std::greater<>());
    std::vector<std::string> old;
    for (std::size_t i = kept; i < logs.size(); ++i) old.push_back(std::move(logs[i].second));
    return old;
}

void remove_old_deployment_logs(const std::string& logs) {
    std::vector<std::string> files;
    std::error_code ignored;
    for (std::filesystem::directory_iterator entry(logs, ignored), end; !ignored && entry != end;
         entry.increment(ignored)) {
        files.push_back(entry->path().filename().string());
    }
    for (const auto& file : old_deployment_logs(files, limits::kDeploymentLogsKept)) {
        std::filesystem::remove(logs + "/" + file, ignored);
    }
}

std::string hooks_log(const std::string& logs) {
    std::string path = logs + "/hooks.log";
    std::error_code failure;
    const auto bytes = std::filesystem::file_size(path, failure);
    if (!failure && bytes >= limits::kStepLogBytesMax) {
        std::filesystem::rename(path, path + ".1", failure);
    }
    return path;
}

}  // namespace lastgood::daemon
