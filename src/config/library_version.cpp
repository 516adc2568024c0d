#include "lastgood/config/library_version.h"

#include <link.h>

#include <filesystem>

namespace lastgood::config {
namespace {

constexpr std::string_view kLibrary = "libyaml-cpp.so.";

}  // namespace

// yaml-cpp has no word on its version, but the name of its file has.
std::string library_version() {
    std::string path;
    dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void* found) {
            const std::string_view name = object->dlpi_name == nullptr ? "" : object->dlpi_name;
            if (name.find(kLibrary) == std::string_view::npos) return 0;
            *static_cast<std::string*>(found) = name;
            return 1;
        },
        &path);
    std::error_code error;
    const std::string file = std::filesystem::canonical(path, error).filename().string();
    if (error || !file.starts_with(kLibrary)) return "linked in";
    return file.substr(kLibrary.size());
}

}  // namespace lastgood::config
