#include "supervise/output_pipe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace lastgood::supervise {

Expected<OutputPipe> make_output_pipe(const std::string& path,
                                      const std::optional<sys::Identity>& owner) {
    unlink(path.c_str());
    if (mkfifo(path.c_str(), 0600) != 0) return system_error("could not make " + path, errno);
    auto read = open_output_pipe(path);
    if (!read) return read.error();
    OutputPipe pipe{std::move(*read), sys::Fd(open(path.c_str(), O_RDWR | O_CLOEXEC))};
    if (!pipe.write) return system_error("could not open " + path, errno);
    if (owner && fchown(pipe.write.get(), owner->uid, owner->gid) != 0) {
        return system_error("could not give " + path + " to " + owner->name, errno);
    }
    return pipe;
}

Expected<sys::Fd> open_output_pipe(const std::string& path) {
    sys::Fd read(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
    struct stat about {};
    if (!read || fstat(read.get(), &about) != 0) {
        return system_error("could not open " + path, errno);
    }
    if (!S_ISFIFO(about.st_mode)) return Error{path + " is no pipe", "remove it"};
    return read;
}

}  // namespace lastgood::supervise
