#include "git/release_index.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <numeric>

#include "lastgood/base/sys/files.h"

namespace lastgood::git {
namespace {

constexpr std::int64_t kTickNanos = 10'000'000;  // the longest of Linux: 100 Hz
constexpr std::int64_t kSecond = 1'000'000'000;

git_index_time index_time(const timespec& time) {
    return {static_cast<std::int32_t>(time.tv_sec), static_cast<std::uint32_t>(time.tv_nsec)};
}

bool same(const git_index_time& a, const timespec& b) {
    const git_index_time other = index_time(b);
    return a.seconds == other.seconds && a.nanoseconds == other.nanoseconds;
}

bool within_last_tick(const timespec& changed, const timespec& end) {
    const std::int64_t apart =
        (end.tv_sec - changed.tv_sec) * kSecond + (end.tv_nsec - changed.tv_nsec);
    return apart < kTickNanos;
}

}  // namespace

FileMark FileMark::of(const struct stat& status) {
    return {status.st_ino, static_cast<std::uint64_t>(status.st_size), status.st_ctim,
            status.st_mtim};
}

std::string ReleaseIndex::path_for(const std::string& directory) {
    const auto slash = directory.rfind('/');
    return directory.substr(0, slash) + "/.index/" + directory.substr(slash + 1);
}

std::optional<ReleaseIndex> ReleaseIndex::read(const std::string& path) {
    git_index* raw = nullptr;
    if (!sys::exists(path) || git_index_open(&raw, path.c_str()) < 0) return std::nullopt;
    return ReleaseIndex(IndexPtr(raw));
}

bool ReleaseIndex::write(const std::string& path, const std::vector<TreeFile>& files,
                         const std::vector<FileMark>& marks) {
    if (!sys::make_directories(path.substr(0, path.rfind('/')), 0700)) return false;
    unlink(path.c_str());
    git_index* raw = nullptr;
    if (git_index_open(&raw, path.c_str()) < 0) return false;
    ReleaseIndex index{IndexPtr(raw)};
    std::vector<std::size_t> all(files.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return index.update({}, files, marks, all);
}

bool ReleaseIndex::update(const std::vector<std::string>& removed,
                          const std::vector<TreeFile>& files, const std::vector<FileMark>& marks,
                          const std::vector<std::size_t>& written) {
    const std::string path = git_index_path(index_.get());
    const bool ticks = !tells_writes_apart(path.substr(0, path.rfind('/')));
    timespec end{};
    clock_gettime(CLOCK_REALTIME_COARSE, &end);
    for (const auto& gone : removed) {
        if (git_index_remove(index_.get(), gone.c_str(), 0) < 0) return false;
    }
    for (const std::size_t i : written) {
        const FileMark& mark = marks[i];
        git_index_entry entry{};
        entry.path = files[i].path.c_str();
        entry.id = files[i].id;
        entry.mode = files[i].mode;
        entry.ctime = index_time(mark.changed);
        entry.mtime = index_time(mark.modified);
        const bool unsure = ticks && within_last_tick(mark.changed, end);
        entry.ino = unsure ? 0 : static_cast<std::uint32_t>(mark.inode);
        entry.file_size = static_cast<std::uint32_t>(mark.size);
        if (git_index_add(index_.get(), &entry) < 0) return false;
    }
    return git_index_write(index_.get()) == 0;
}

bool ReleaseIndex::tells_writes_apart(const std::string& folder) {
    const sys::Fd fd(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    struct stat before {};
    struct stat after {};
    if (!fd || !sys::write_all(fd.get(), "1") || fstat(fd.get(), &before) != 0) return false;
    // More than once: a tick may have passed by chance.
    for (int i = 0; i < 3; ++i) {
        if (!sys::write_all(fd.get(), "1") || fstat(fd.get(), &after) != 0) return false;
        if (same(index_time(before.st_ctim), after.st_ctim)) return false;
        before = after;
    }
    return true;
}

const git_index_entry* ReleaseIndex::at(const std::string& path) const {
    return git_index_get_bypath(index_.get(), path.c_str(), 0);
}

const git_index_entry* ReleaseIndex::find(const TreeFile& file) const {
    const git_index_entry* entry = at(file.path);
    const bool same_file = entry != nullptr &&
                           entry->mode == static_cast<std::uint32_t>(file.mode) &&
                           git_oid_equal(&entry->id, &file.id) != 0;
    return same_file ? entry : nullptr;
}

std::vector<std::string_view> ReleaseIndex::paths() const {
    std::vector<std::string_view> all;
    const std::size_t count = git_index_entrycount(index_.get());
    all.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        all.emplace_back(git_index_get_byindex(index_.get(), i)->path);
    }
    return all;
}

bool ReleaseIndex::is_sealed(const git_index_entry& entry, const struct stat& now) {
    return entry.ino == static_cast<std::uint32_t>(now.st_ino) && now.st_uid == geteuid() &&
           (now.st_mode & 0222) == 0 &&
           entry.file_size == static_cast<std::uint32_t>(now.st_size) &&
           same(entry.mtime, now.st_mtim);
}

bool ReleaseIndex::is_untouched(const git_index_entry& entry, const struct stat& now) {
    return entry.ino != 0 && entry.ino == static_cast<std::uint32_t>(now.st_ino) &&
           entry.file_size == static_cast<std::uint32_t>(now.st_size) &&
           same(entry.ctime, now.st_ctim) && same(entry.mtime, now.st_mtim);
}

}  // namespace lastgood::git
