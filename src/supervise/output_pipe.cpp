#include "supervise/output_pipe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

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

void remove_stale_pipes(const std::string& folder, const AppName& app,
                        const std::vector<RunId>& kept) {
    const std::string prefix = app.str() + "-";
    std::error_code error;
    std::vector<std::filesystem::path> stale;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().stem().string();  // "web-17" of web-17.out
        if (!name.starts_with(prefix)) continue;
        const std::string number = name.substr(prefix.size());
        // The app web-2 has a prefix of its own: 17 is a run of web, 2-17 is none.
        if (number.empty() || number.find_first_not_of("0123456789") != std::string::npos) continue;
        const bool is_kept = std::any_of(kept.begin(), kept.end(), [&number](RunId run) {
            return std::to_string(run.value) == number;
        });
        if (!is_kept) stale.push_back(entry->path());
    }
    for (const auto& path : stale) unlink(path.c_str());
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
