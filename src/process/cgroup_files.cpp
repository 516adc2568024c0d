#include "process/cgroup_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/directory.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::process::cgroup_files {
namespace {

constexpr std::size_t kFileBytesMax = 4 << 20;  // cgroup.procs of a hundred thousand processes

}  // namespace

std::string read(const std::string& group, const char* file) {
    auto text = sys::read_file(group + "/" + file, kFileBytesMax);
    return text ? std::move(*text) : "";
}

bool write(const std::string& group, const char* file, std::string_view text) {
    // Never made here: without its controller a file isn't there.
    const sys::Fd fd(open((group + "/" + file).c_str(), O_WRONLY | O_CLOEXEC));
    return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::vector<std::string> children(const std::string& group) {
    std::vector<std::string> found;
    const sys::Directory dir(opendir(group.c_str()));
    if (!dir) return found;
    while (const dirent* item = readdir(dir.get())) {
        const std::string_view name = item->d_name;
        if (item->d_type == DT_DIR && name != "." && name != "..") found.emplace_back(name);
    }
    return found;
}

std::optional<std::uint64_t> value_of(std::string_view text, std::string_view key) {
    for (const auto& line : split(text, '\n')) {
        if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ' ')
            continue;
        std::uint64_t value = 0;
        const char* begin = line.data() + key.size() + 1;
        const auto [end, error] = std::from_chars(begin, line.data() + line.size(), value);
        if (error == std::errc() && end != begin) return value;
    }
    return std::nullopt;
}

}  // namespace lastgood::process::cgroup_files
