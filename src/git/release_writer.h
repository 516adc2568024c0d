// Writes files of a commit into a directory, on several threads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "git/release_index.h"
#include "git/tree_walk.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::git {

// A folder that releases are made in. Every path is resolved below it and through no link: whoever
// may write there can't lead the writer out.
class ReleaseFolder {
  public:
    static GitResult<ReleaseFolder> open(const std::string& directory);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] int fd() const { return fd_.get(); }
    // See open_beneath.h; errno in case of -1.
    [[nodiscard]] int open_below(const std::string& path, int flags, mode_t mode = 0) const;
    // The folder of this file, and those above it; true where it is there now.
    [[nodiscard]] bool make_parents(const std::string& path) const;
    // Also a folder that stands in its place; folders above it that got empty go with it.
    void remove(const std::string& path) const;

  private:
    ReleaseFolder(std::string path, sys::Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
    std::string path_;
    sys::Fd fd_;
};

// Walks a release's files in their order: the folder that holds them is resolved once for all of
// it.
class FolderCursor {
  public:
    explicit FolderCursor(const ReleaseFolder& folder) : folder_(folder) {}

    // The descriptor of the file's folder, -1 where it isn't there; `name`: the file's in it.
    int parent_of(const std::string& path, const char*& name);
    // lstat(2) of what is at the path; false where it isn't there or is behind a link.
    bool look(const std::string& path, struct stat& status);

  private:
    const ReleaseFolder& folder_;
    std::string parent_ = "/";  // no file's
    sys::Fd fd_;
};

struct WriteJob {
    std::string mirror;
    const ReleaseFolder* folder = nullptr;
    const std::vector<TreeFile>* files = nullptr;       // of the whole release
    const std::vector<TreeFile>* attributes = nullptr;  // its .gitattributes; empty: no filters
    std::vector<std::size_t> wanted;                    // which of the files are to be written
    bool writes_over = false;                           // some of them are there
    mode_t umask = 022;                                 // of this process
    // A release on the same file system to share blocks with; null: all comes from the mirror.
    const ReleaseFolder* source = nullptr;
    const ReleaseIndex* source_index = nullptr;
};

struct WriteReport {
    std::uint64_t bytes = 0;
    std::uint64_t shared = 0;  // files whose blocks are the source's
};

// Fills `marks` of the wanted ones. Their parents must be there. What is in their own places is a
// file that nobody else has (it is written over) or nothing.
GitResult<WriteReport> write_files(const WriteJob& job, std::vector<FileMark>& marks);

}  // namespace lastgood::git
