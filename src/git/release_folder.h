// The folder of a release in the making, and a way through it.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "lastgood/base/sys/fd.h"
#include "lastgood/git/session.h"

namespace lastgood::git {

// A folder that releases are made in. Every path is resolved below it and through no link: whoever
// may write there can't lead the writer out.
class ReleaseFolder {
  public:
    // With an owner, the folder and all folders made in it become theirs.
    static GitResult<ReleaseFolder> open(const std::string& directory,
                                         const std::optional<ReleaseOwner>& owner = std::nullopt);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] int fd() const { return fd_.get(); }
    // See open_beneath.h; errno in case of -1.
    [[nodiscard]] int open_below(const std::string& path, int flags, mode_t mode = 0) const;
    // The folder of this file, and those above it; true where it is there now.
    [[nodiscard]] bool make_parents(const std::string& path) const;
    // Also a folder that stands in its place; folders above it that got empty go with it.
    void remove(const std::string& path) const;

  private:
    ReleaseFolder(std::string path, sys::Fd fd, const std::optional<ReleaseOwner>& owner)
        : path_(std::move(path)), fd_(std::move(fd)), owner_(owner) {}
    [[nodiscard]] bool make_folder(int parent, const char* name) const;
    std::string path_;
    sys::Fd fd_;
    std::optional<ReleaseOwner> owner_;
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

}  // namespace lastgood::git
