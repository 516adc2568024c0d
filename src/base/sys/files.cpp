#include "lastgood/base/sys/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "lastgood/base/time.h"

namespace lastgood::sys {
namespace {

std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

// A name nobody else uses, beside the target: a crash leaves at worst a stray file, never a block.
std::string temporary_beside(const std::string& path) {
    static std::atomic<unsigned> counter{0};
    return path + ".tmp-" + std::to_string(getpid()) + "-" + std::to_string(counter++) + "-" +
           std::to_string(BootClock::now().time_since_epoch().count());
}

Expected<void> rename_durably(const std::string& from, const std::string& to) {
    if (rename(from.c_str(), to.c_str()) != 0) {
        const int error = errno;
        unlink(from.c_str());
        return system_error("could not replace " + to, error);
    }
    return fsync_directory(parent_of(to));
}

Expected<void> remove_at(int parent, const char* name, const std::string& shown);

Expected<void> remove_children(int parent, const char* name, const std::string& shown) {
    Fd folder(openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder && errno == EACCES) {
        if (fchmodat(parent, name, 0700, 0) != 0)
            return system_error("could not open " + shown, errno);
        folder = Fd(openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    }
    if (!folder) return system_error("could not open " + shown, errno);
    fchmod(folder.get(), 0700);
    const int fd = folder.get();
    DIR* entries = fdopendir(folder.release());
    if (entries == nullptr) return system_error("could not read " + shown, errno);
    Expected<void> result;
    while (const dirent* entry = readdir(entries)) {
        if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
        result = remove_at(fd, entry->d_name, shown + "/" + entry->d_name);
        if (!result) break;
    }
    closedir(entries);
    return result;
}

Expected<void> remove_at(int parent, const char* name, const std::string& shown) {
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM) return system_error("could not remove " + shown, errno);
    if (auto removed = remove_children(parent, name, shown); !removed) return removed;
    if (unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
        return system_error("could not remove " + shown, errno);
    }
    return {};
}

}  // namespace

Expected<std::string> read_file(const std::string& path, std::size_t bytes_max) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return system_error("could not read " + path, errno);
    return read_rest(file.get(), path, bytes_max);
}

Expected<std::string> read_rest(int fd, const std::string& path, std::size_t bytes_max) {
    std::string content;
    char buffer[16384];
    while (true) {
        const ssize_t got = read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error("could not read " + path, errno);
        if (got == 0) return content;
        content.append(buffer, static_cast<std::size_t>(got));
        if (content.size() > bytes_max) {
            return Error{path + " is larger than " + format_size(bytes_max), {}};
        }
    }
}

Expected<void> write_file_atomically(const std::string& path, std::string_view content,
                                     mode_t mode) {
    const std::string temporary = temporary_beside(path);
    const Fd file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file) return system_error("could not write " + temporary, errno);
    auto written = write_all(file.get(), content);
    if (written && fsync(file.get()) != 0) written = system_error("could not sync " + path, errno);
    if (!written) {
        unlink(temporary.c_str());
        return written;
    }
    return rename_durably(temporary, path);
}

Expected<void> replace_symlink(const std::string& link, const std::string& target) {
    const std::string temporary = temporary_beside(link);
    if (symlink(target.c_str(), temporary.c_str()) != 0) {
        return system_error("could not make the link " + temporary, errno);
    }
    return rename_durably(temporary, link);
}

Expected<void> make_directories(const std::string& path, mode_t mode) {
    for (std::size_t at = 0; at != std::string::npos;) {
        at = path.find('/', at + 1);
        const std::string part = path.substr(0, at);
        if (mkdir(part.c_str(), mode) == 0 || errno == EEXIST || is_directory(part)) continue;
        return system_error("could not make the folder " + part, errno);
    }
    struct stat info {};
    if (stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
        return Error{path + " is not a folder", {}};
    }
    return {};
}

Expected<void> remove_tree(const std::string& path) {
    return remove_at(AT_FDCWD, path.c_str(), path);
}

Expected<void> fsync_directory(const std::string& path) {
    const Fd folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || fsync(folder.get()) != 0) return system_error("could not sync " + path, errno);
    return {};
}

Expected<Pipe> make_pipe(int flags) {
    int ends[2];
    if (pipe2(ends, flags) != 0) return system_error("could not make a pipe", errno);
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Expected<void> write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t wrote = write(fd, bytes.data(), bytes.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return system_error("could not write", errno);
        bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
}

Expected<void> set_nonblocking(int fd, bool on) {
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0) {
        return system_error("could not change a descriptor", errno);
    }
    return {};
}

mode_t current_umask() {
    const mode_t mask = umask(022);
    umask(mask);
    return mask;
}

bool exists(const std::string& path) {
    struct stat info {};
    return lstat(path.c_str(), &info) == 0;
}

bool is_directory(const std::string& path) {
    struct stat info {};
    return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace lastgood::sys
