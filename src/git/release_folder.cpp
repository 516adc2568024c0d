#include "git/release_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "git/libgit2.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/open_beneath.h"

namespace lastgood::git {

GitResult<ReleaseFolder> ReleaseFolder::open(const std::string& directory,
                                             const std::optional<ReleaseOwner>& owner) {
    sys::Fd fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd)
        return failed<ReleaseFolder>({system_error("could not open " + directory, errno), false});
    if (owner && fchownat(fd.get(), "", owner->uid, owner->gid, AT_EMPTY_PATH) != 0) {
        return failed<ReleaseFolder>(
            {{system_error("could not give " + directory + " to the app's user", errno).what,
              "run lastgood as root, or remove `user`"},
             true});
    }
    return succeeded(ReleaseFolder(directory, std::move(fd), owner));
}

bool ReleaseFolder::make_folder(int parent, const char* name) const {
    return mkdirat(parent, name, 0777) == 0 &&
           (!owner_ || fchownat(parent, name, owner_->uid, owner_->gid, AT_SYMLINK_NOFOLLOW) == 0);
}

int ReleaseFolder::open_below(const std::string& path, int flags, mode_t mode) const {
    return sys::open_beneath(fd_.get(), path, flags, mode).release();
}

bool ReleaseFolder::make_parents(const std::string& path) const {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return true;
    const std::string folder = path.substr(0, slash);
    if (sys::Fd there(open_below(folder, O_PATH | O_DIRECTORY)); there) return true;
    if (errno != ENOENT || !make_parents(folder)) return false;
    const auto above = folder.rfind('/');
    if (above == std::string::npos) return make_folder(fd_.get(), folder.c_str());
    const sys::Fd parent(open_below(folder.substr(0, above), O_PATH | O_DIRECTORY));
    return parent && make_folder(parent.get(), folder.c_str() + above + 1);
}

void ReleaseFolder::remove(const std::string& path) const {
    const auto slash = path.rfind('/');
    const std::string above = slash == std::string::npos ? "" : path.substr(0, slash);
    const sys::Fd parent(open_below(above.empty() ? "." : above, O_PATH | O_DIRECTORY));
    if (!parent) return;
    const char* name = path.c_str() + (above.empty() ? 0 : slash + 1);
    if (unlinkat(parent.get(), name, 0) != 0 && errno == EISDIR) {
        (void)sys::remove_tree(path_ + "/" + path);
    }
    for (std::string folder = above; !folder.empty();) {
        const auto up = folder.rfind('/');
        const std::string over = up == std::string::npos ? "" : folder.substr(0, up);
        const sys::Fd holder(open_below(over.empty() ? "." : over, O_PATH | O_DIRECTORY));
        const char* last = folder.c_str() + (over.empty() ? 0 : up + 1);
        if (!holder || unlinkat(holder.get(), last, AT_REMOVEDIR) != 0) return;
        folder = over;
    }
}

int FolderCursor::parent_of(const std::string& path, const char*& name) {
    const auto slash = path.rfind('/');
    const std::string_view parent =
        std::string_view(path).substr(0, slash == std::string::npos ? 0 : slash);
    name = path.c_str() + (slash == std::string::npos ? 0 : slash + 1);
    if (parent != parent_) {
        parent_ = parent;
        fd_.reset(folder_.open_below(parent_.empty() ? "." : parent_, O_PATH | O_DIRECTORY));
    }
    return fd_.get();
}

bool FolderCursor::look(const std::string& path, struct stat& status) {
    const char* name = nullptr;
    const int parent = parent_of(path, name);
    return parent >= 0 && fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace lastgood::git
