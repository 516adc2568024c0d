#include "cli/new_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::cli {
namespace {

constexpr std::size_t kSecretBytes = 32;  // what GitLab wants, and enough for all

// The daemon's user must be able to read it: the one that owns what the daemon writes.
Expected<void> give_to_daemon(const std::string& file, const std::string& state_dir) {
    struct stat owner {};
    const std::string folder = std::filesystem::path(file).parent_path().string();
    if (stat(state_dir.c_str(), &owner) != 0 && stat(folder.c_str(), &owner) != 0) return {};
    if (getuid() != 0 || owner.st_uid == 0) return {};
    if (lchown(file.c_str(), owner.st_uid, owner.st_gid) == 0) return {};
    return system_error("could not give " + file + " to the daemon's user", errno);
}

// Never over a file that somebody else made meanwhile.
Expected<void> put_in_place(const std::string& temporary, const std::string& path) {
    if (renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) {
        return sys::fsync_directory(std::filesystem::path(path).parent_path().string());
    }
    return system_error("could not make " + path, errno);
}

}  // namespace

Expected<void> make_file(const std::string& path, std::string_view content, mode_t mode,
                         const std::string& state_dir) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    if (auto made = sys::make_directories(folder); !made) return made;
    const std::string temporary = path + ".new-" + std::to_string(getpid());
    auto written = sys::write_file_atomically(temporary, content, mode);
    if (written) written = give_to_daemon(temporary, state_dir);
    if (written) written = put_in_place(temporary, path);
    if (!written) unlink(temporary.c_str());
    return written;
}

Expected<std::string> fresh_secret(bool signing_token) {
    std::array<char, kSecretBytes> bytes{};
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    if (got != static_cast<ssize_t>(bytes.size())) {
        return system_error("the system gave no random bytes", errno);
    }
    const std::string random(bytes.data(), bytes.size());
    return (signing_token ? "whsec_" + base64_encode(random) : hex_encode(random)) + "\n";
}

}  // namespace lastgood::cli
