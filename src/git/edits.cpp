#include "git/edits.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/open_beneath.h"

namespace lastgood::git {
namespace {

class EditFinder {
  public:
    // `sealed`: whoever runs there can't write files of this process's user.
    EditFinder(git_repository& view, int directory, const std::optional<ReleaseIndex>& written,
               bool sealed)
        : view_(view), directory_(directory), written_(written), sealed_(sealed) {}

    std::optional<GitError> look_at(const TreeFile& file) {
        if (file.mode == GIT_FILEMODE_COMMIT) return std::nullopt;
        // The entry itself, be it a link; nothing when it is missing or behind a link.
        const sys::Fd entry = sys::open_beneath(directory_, file.path, O_PATH);
        struct stat status {};
        if (!entry || fstat(entry.get(), &status) != 0) return std::nullopt;
        const git_index_entry* before = written_ ? written_->find(file) : nullptr;
        if (before != nullptr && is_as_written(*before, status)) return std::nullopt;
        TreeFile now = file;
        int code = 0;
        if (S_ISLNK(status.st_mode)) {
            now.mode = GIT_FILEMODE_LINK;
            code = read_link(entry.get(), now.id);
        } else if (S_ISREG(status.st_mode)) {
            now.mode =
                (status.st_mode & S_IXUSR) != 0 ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB;
            code = read_content(entry.get(), file, now.id);
        } else {
            return std::nullopt;  // a folder or a device in its place: nothing was typed
        }
        if (code < 0) return libgit2_error("could not save " + printable(file.path, 500));
        if (now.mode != file.mode || git_oid_equal(&now.id, &file.id) == 0) {
            edits_.push_back(std::move(now));
        }
        return std::nullopt;
    }

    std::vector<TreeFile> take() { return std::move(edits_); }

  private:
    [[nodiscard]] bool is_as_written(const git_index_entry& entry,
                                     const struct stat& status) const {
        return ReleaseIndex::is_untouched(entry, status) ||
               (sealed_ && ReleaseIndex::is_sealed(entry, status));
    }

    int read_link(int entry, git_oid& id) {
        char target[PATH_MAX];
        const ssize_t length = readlinkat(entry, "", target, sizeof target);
        if (length < 0) return -1;
        return git_blob_create_from_buffer(&id, &view_, target, static_cast<std::size_t>(length));
    }

    // Most files are as they were: hashed as they are first, then as git would store them.
    int read_content(int entry, const TreeFile& file, git_oid& id) {
        const std::string path = "/proc/self/fd/" + std::to_string(entry);
        if (int code = git_odb_hashfile(&id, path.c_str(), GIT_OBJECT_BLOB);
            code < 0 || git_oid_equal(&id, &file.id) != 0) {
            return code;
        }
        if (int code = git_repository_hashfile(&id, &view_, path.c_str(), GIT_OBJECT_BLOB,
                                               file.path.c_str());
            code < 0 || git_oid_equal(&id, &file.id) != 0) {
            return code;
        }
        return store(path, file.path, id);
    }

    int store(const std::string& from, const std::string& path, git_oid& id) {
        const sys::Fd fd(open(from.c_str(), O_RDONLY | O_CLOEXEC));
        git_writestream* stream = nullptr;
        if (!fd || git_blob_create_from_stream(&stream, &view_, path.c_str()) < 0) return -1;
        char chunk[64 * 1024];
        while (true) {
            const ssize_t got = read(fd.get(), chunk, sizeof chunk);
            if (got < 0 && errno == EINTR) continue;
            if (got == 0) return git_blob_create_from_stream_commit(&id, stream);
            if (got < 0 || stream->write(stream, chunk, static_cast<std::size_t>(got)) < 0) {
                stream->free(stream);
                return -1;
            }
        }
    }

    git_repository& view_;
    int directory_;
    const std::optional<ReleaseIndex>& written_;
    const bool sealed_;
    std::vector<TreeFile> edits_;
};

}  // namespace

GitResult<std::vector<TreeFile>> find_edits(git_repository& view, const git_oid& tree,
                                            const std::string& directory,
                                            const std::optional<ReleaseIndex>& written) {
    using Result = std::vector<TreeFile>;
    const sys::Fd fd(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct stat status {};
    if (!fd || fstat(fd.get(), &status) != 0) {
        return failed<Result>({system_error("could not open " + directory, errno), false});
    }
    EditFinder finder(view, fd.get(), written, status.st_uid != geteuid());
    auto walked =
        walk_tree(view, tree, [&finder](const TreeFile& file) { return finder.look_at(file); });
    if (!walked.value) return failed<Result>(std::move(walked.error));
    return succeeded(finder.take());
}

}  // namespace lastgood::git
