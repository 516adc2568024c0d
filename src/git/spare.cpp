#include "git/spare.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <unordered_set>

#include "lastgood/base/sys/directory.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::git {
namespace {

std::string spare_beside(const std::string& directory) {
    return directory.substr(0, directory.rfind('/')) + "/.spare";
}

// Removes all that isn't of the commit and none of `keep`.
class Cleaner {
  public:
    Cleaner(std::string root, const ReleaseIndex& index, const std::vector<std::string>& keep)
        : root_(std::move(root)), kept_(keep.begin(), keep.end()) {
        for (const auto path : index.paths()) {
            files_.insert(path);
            add_folders_of(std::string(path));
        }
        for (const auto& path : keep) add_folders_of(path);
    }

    // `below`: a folder, with a slash at its end; empty for the root.
    bool clean(const std::string& below) {
        sys::Fd fd(
            open((root_ + "/" + below).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!fd) return false;
        // What a build did to the folder's own mode is undone.
        if (fchmod(fd.get(), mode_) != 0) return false;
        const sys::Directory listing(fdopendir(fd.get()));
        if (!listing) return false;
        (void)fd.release();
        while (const dirent* entry = readdir(listing.get())) {
            const std::string name = entry->d_name;
            if (name == "." || name == "..") continue;
            if (!judge(below + name)) return false;
        }
        return true;
    }

  private:
    bool judge(const std::string& path) {
        if (kept_.contains(path)) return true;
        struct stat status {};
        if (lstat((root_ + "/" + path).c_str(), &status) != 0) return false;
        if (S_ISDIR(status.st_mode) && folders_.contains(path)) return clean(path + "/");
        if (!S_ISDIR(status.st_mode) && files_.contains(path)) return true;
        return sys::remove_tree(root_ + "/" + path).ok();
    }

    void add_folders_of(const std::string& path) {
        for (auto slash = path.rfind('/'); slash != std::string::npos && slash > 0;
             slash = path.rfind('/', slash - 1)) {
            if (!folders_.insert(path.substr(0, slash)).second) return;
        }
    }

    const mode_t mode_ = 0777 & ~sys::current_umask();
    std::string root_;
    std::unordered_set<std::string_view> files_;  // of the index
    std::unordered_set<std::string> folders_;
    std::unordered_set<std::string> kept_;
};

}  // namespace

bool keep_as_spare(const std::string& directory, const std::vector<std::string>& keep) {
    const std::string spare = spare_beside(directory);
    const std::string index_path = ReleaseIndex::path_for(directory);
    if (sys::exists(spare)) return false;
    const auto index = ReleaseIndex::read(index_path);
    if (!index || !Cleaner(directory, *index, keep).clean("")) return false;
    if (rename(directory.c_str(), spare.c_str()) != 0) return false;
    // A spare without its index is of no use and is removed when it is looked for.
    (void)rename(index_path.c_str(), ReleaseIndex::path_for(spare).c_str());
    return true;
}

std::optional<ReleaseIndex> take_spare(const std::string& directory) {
    const std::string spare = spare_beside(directory);
    const std::string index_path = ReleaseIndex::path_for(directory);
    // It goes along: what differs will be written to it.
    (void)rename(ReleaseIndex::path_for(spare).c_str(), index_path.c_str());
    auto index = ReleaseIndex::read(index_path);
    if (!sys::is_directory(spare)) {
        unlink(index_path.c_str());
        return std::nullopt;
    }
    if (index && rename(spare.c_str(), directory.c_str()) == 0) return index;
    unlink(index_path.c_str());
    (void)sys::remove_tree(spare);
    return std::nullopt;
}

void remove_spare(const std::string& directory) {
    const std::string spare = spare_beside(directory);
    unlink(ReleaseIndex::path_for(spare).c_str());
    (void)sys::remove_tree(spare);
}

}  // namespace lastgood::git
