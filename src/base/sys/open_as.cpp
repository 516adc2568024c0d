#include "lastgood/base/sys/open_as.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "lastgood/base/assert.h"
#include "lastgood/base/sys/open_beneath.h"

namespace lastgood::sys {
namespace {

constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

class Rights {
  public:
    explicit Rights(const Identity& who) : groups_(64 * 1024) {
        const int count = getgroups(static_cast<int>(groups_.size()), groups_.data());
        groups_.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        // setfsuid() tells no error: what a second call answers is what holds.
        taken_ = count >= 0 && setgroups(who.groups.size(), who.groups.data()) == 0;
        setfsgid(who.gid);
        setfsuid(who.uid);
        taken_ = taken_ && static_cast<gid_t>(setfsgid(who.gid)) == who.gid &&
                 static_cast<uid_t>(setfsuid(who.uid)) == who.uid;
    }
    ~Rights() {
        setfsuid(geteuid());
        setfsgid(getegid());
        LG_ASSERT(setgroups(groups_.size(), groups_.data()) == 0 || !taken_);
    }
    Rights(const Rights&) = delete;
    Rights& operator=(const Rights&) = delete;

    [[nodiscard]] bool taken() const { return taken_; }

  private:
    std::vector<gid_t> groups_;
    bool taken_ = false;
};

Expected<Fd> regular(Fd file, const std::string& path) {
    if (!file) return system_error("can't open " + path, errno);
    struct stat about {};
    if (fstat(file.get(), &about) != 0) return system_error("can't look at " + path, errno);
    if (!S_ISREG(about.st_mode)) return Error{path + " is no regular file", {}};
    return file;
}

}  // namespace

Expected<Fd> open_as(const Identity& who, const std::string& path) {
    if (geteuid() != 0) return regular(Fd(open(path.c_str(), kFlags)), path);
    const Rights rights(who);
    if (!rights.taken()) return Error{"can't take the rights of " + who.name, {}};
    return regular(Fd(open(path.c_str(), kFlags)), path);
}

Expected<Fd> open_through_no_link(const std::string& path) {
    LG_ASSERT(path.starts_with('/'));
    const Fd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    return regular(open_beneath(root.get(), path.substr(1), kFlags), path);
}

}  // namespace lastgood::sys
