#include "cli/doctor/unit.h"

#include <filesystem>
#include <map>

#include "lastgood/base/sys/files.h"

namespace lastgood::cli::diagnosis {
namespace {

constexpr std::size_t kUnitBytesMax = 64 * 1024;
constexpr const char* kUnit = "/lastgood.service";
// The last one counts.
constexpr const char* kFolders[] = {"/lib/systemd/system", "/usr/lib/systemd/system",
                                    "/run/systemd/system", "/etc/systemd/system"};

}  // namespace

std::optional<std::string> daemon_unit() {
    std::optional<std::string> unit;
    std::map<std::string, std::string> drop_ins;  // by name, as systemd orders them
    for (const std::string folder : kFolders) {
        if (auto text = sys::read_file(folder + kUnit, kUnitBytesMax)) unit = *std::move(text);
        std::error_code error;
        std::filesystem::directory_iterator files(folder + kUnit + ".d", error);
        for (; !error && files != end(files); files.increment(error)) {
            const auto& path = files->path();
            if (path.extension() != ".conf") continue;
            auto text = sys::read_file(path.string(), kUnitBytesMax);
            if (text) drop_ins[path.filename().string()] = *std::move(text);
        }
    }
    if (!unit) return std::nullopt;
    for (const auto& [name, text] : drop_ins) *unit += "\n" + text;
    return unit;
}

}  // namespace lastgood::cli::diagnosis
