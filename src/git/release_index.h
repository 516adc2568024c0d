// How a release's files were when they were written: lets the next release take over those that
// didn't change and that nobody touched since. In git's own index format, beside the releases.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "git/tree_walk.h"

namespace lastgood::git {

// What stat(2) told of a file right after it was written. ctime can't be set by anybody.
struct FileMark {
    std::uint64_t inode = 0;  // 0: not to be relied on
    std::uint64_t size = 0;
    timespec changed{};   // ctime
    timespec modified{};  // mtime
    static FileMark of(const struct stat& status);
};

class ReleaseIndex {
  public:
    // Where the index of the release in `directory` is: ../.index/NAME.
    static std::string path_for(const std::string& directory);

    // Nothing when there is none or it can't be read.
    static std::optional<ReleaseIndex> read(const std::string& path);
    // Where two writes in a row leave the same time, what was written just now could still change
    // without a trace, and is marked so.
    static bool write(const std::string& path, const std::vector<TreeFile>& files,
                      const std::vector<FileMark>& marks);

    // As write(), of a release that was made of this one's: only what differs.
    bool update(const std::vector<std::string>& removed, const std::vector<TreeFile>& files,
                const std::vector<FileMark>& marks, const std::vector<std::size_t>& written);

    // The entry of exactly this file; null when it isn't there or was another one.
    [[nodiscard]] const git_index_entry* find(const TreeFile& file) const;
    [[nodiscard]] const git_index_entry* at(const std::string& path) const;
    [[nodiscard]] std::vector<std::string_view> paths() const;  // valid as long as this is

    // Is it still as it was written? `mark` is then filled.
    static bool is_untouched(const git_index_entry& entry, const struct stat& now);

    // For files that only this process's user can write, and so has not: what others did to their
    // links counts for nothing.
    static bool is_sealed(const git_index_entry& entry, const struct stat& now);

    // Does the file system of this folder give two writes in a row different times, once the first
    // was looked at? Linux does since 6.13, on most of them; else they may share a tick.
    static bool tells_writes_apart(const std::string& folder);

  private:
    explicit ReleaseIndex(IndexPtr index) : index_(std::move(index)) {}
    IndexPtr index_;
};

}  // namespace lastgood::git
