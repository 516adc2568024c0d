#include "git/release_writer.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>

#include "git/lfs.h"
#include "git/release_view.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::git {
namespace {

constexpr std::size_t kFilesAtOnce = 64;  // that a thread takes

using BufPtr = std::unique_ptr<git_buf, Freer<git_buf_dispose>>;
using OdbObjectPtr = std::unique_ptr<git_odb_object, Freer<git_odb_object_free>>;
using FilterListPtr = std::unique_ptr<git_filter_list, Freer<git_filter_list_free>>;

GitError too_large(const std::string& path, std::uint64_t bytes) {
    return {
        {"the commit's tree is refused: " + printable(path, 500) + " has " + format_size(bytes) +
             ", more than the " + format_size(limits::kBlobBytesMax) + " that a file may have",
         "keep large files out of the repository, or use git lfs"},
        true};
}

std::string_view content_of(git_odb_object& object) {
    return {static_cast<const char*>(git_odb_object_data(&object)), git_odb_object_size(&object)};
}

bool copy_whole(int from, int to, std::uint64_t bytes) {
    if (ioctl(to, FICLONE, from) == 0) return true;
    while (bytes > 0) {
        const ssize_t copied = copy_file_range(from, nullptr, to, nullptr, bytes, 0);
        if (copied < 0 && errno == EINTR) continue;
        if (copied <= 0) return false;
        bytes -= static_cast<std::uint64_t>(copied);
    }
    return true;
}

struct Shared {
    std::atomic<std::size_t> next{0};
    std::atomic<bool> can_share{false};
    std::atomic<bool> failed{false};
    std::mutex large;  // held by who has a large file in memory
    std::mutex mutex;
    std::optional<GitError> error;

    void fail(GitError what) {
        const std::lock_guard lock(mutex);
        if (!error) error = std::move(what);
        failed = true;
    }
};

// One thread's part: libgit2's objects are for one thread at a time.
class Writer {
  public:
    Writer(const WriteJob& job, Shared& shared, std::vector<FileMark>& marks)
        : job_(job), shared_(shared), marks_(marks), cursor_(*job.folder) {}

    void run() {
        if (auto error = open()) return shared_.fail(std::move(*error));
        while (!shared_.failed) {
            const std::size_t begin = shared_.next.fetch_add(kFilesAtOnce);
            if (begin >= job_.wanted.size()) return;
            const std::size_t end = std::min(begin + kFilesAtOnce, job_.wanted.size());
            for (std::size_t i = begin; i < end && !shared_.failed; ++i) {
                const std::size_t file = job_.wanted[i];
                auto error = write((*job_.files)[file], marks_[file]);
                if (error) return shared_.fail(std::move(*error));
            }
        }
    }

    [[nodiscard]] const WriteReport& report() const { return report_; }

  private:
    std::optional<GitError> open() {
        auto view = open_release_view(job_.mirror, job_.folder->path(), *job_.attributes);
        if (!view.value) return std::move(view.error);
        view_ = std::move(*view.value);
        git_odb* odb = nullptr;
        if (git_repository_odb(&odb, view_.get()) < 0) {
            return libgit2_error("could not open the mirror's objects");
        }
        odb_.reset(odb);
        return std::nullopt;
    }

    std::optional<GitError> write(const TreeFile& file, FileMark& mark) {
        if (shared_.can_share && share(file, mark)) return std::nullopt;
        std::size_t size = 0;
        git_object_t type = GIT_OBJECT_INVALID;
        if (git_odb_read_header(&size, &type, odb_.get(), &file.id) < 0) {
            return libgit2_error("could not read " + printable(file.path, 500));
        }
        if (type != GIT_OBJECT_BLOB) {
            return GitError{{"the commit's tree is refused: a file that is none (" +
                                 printable(file.path, 500) + ")",
                             "remove it from the repository and push again"},
                            true};
        }
        if (size > limits::kBlobBytesMax) return too_large(file.path, size);
        std::unique_lock large(shared_.large, std::defer_lock);
        if (size > limits::kBlobBytesLarge) large.lock();
        report_.bytes += size;
        if (!job_.attributes->empty() && file.mode != GIT_FILEMODE_LINK) {
            if (is_kept_by_lfs(*view_, file.path)) return write_lfs(file, mark);
            git_filter_list* filters = nullptr;
            if (git_filter_list_load(&filters, view_.get(), nullptr, file.path.c_str(),
                                     GIT_FILTER_TO_WORKTREE, GIT_FILTER_DEFAULT) < 0) {
                return libgit2_error("could not read the attributes of " +
                                     printable(file.path, 500));
            }
            if (filters != nullptr) return write_filtered(file, FilterListPtr(filters), mark);
        }
        OdbObjectPtr object;
        if (auto error = read(file, object)) return error;
        return put(file, content_of(*object), mark);
    }

    std::optional<GitError> read(const TreeFile& file, OdbObjectPtr& object) {
        git_odb_object* raw = nullptr;
        if (git_odb_read(&raw, odb_.get(), &file.id) < 0) {
            return libgit2_error("could not read " + printable(file.path, 500));
        }
        object.reset(raw);
        return std::nullopt;
    }

    // A file that is no pointer in a place for them is written as it is, as git lfs does.
    std::optional<GitError> write_lfs(const TreeFile& file, FileMark& mark) {
        OdbObjectPtr object;
        if (auto error = read(file, object)) return error;
        const auto pointer = parse_lfs_pointer(content_of(*object));
        if (!pointer) return put(file, content_of(*object), mark);
        const sys::Fd from(
            ::open(lfs_object_path(job_.mirror, *pointer).c_str(), O_RDONLY | O_CLOEXEC));
        const char* name = nullptr;
        const int parent = cursor_.parent_of(file.path, name);
        if (job_.writes_over && parent >= 0) unlinkat(parent, name, 0);
        const sys::Fd to(create(file));
        struct stat status {};
        if (!from || !to || !copy_whole(from.get(), to.get(), pointer->bytes) ||
            fstat(to.get(), &status) != 0) {
            return GitError{system_error("could not write " + job_.folder->path() + "/" +
                                             printable(file.path, 500) + " from what git lfs keeps",
                                         errno),
                            false};
        }
        report_.bytes += pointer->bytes;
        mark = FileMark::of(status);
        return std::nullopt;
    }

    std::optional<GitError> write_filtered(const TreeFile& file, const FilterListPtr& filters,
                                           FileMark& mark) {
        git_blob* raw = nullptr;
        if (git_blob_lookup(&raw, view_.get(), &file.id) < 0) {
            return libgit2_error("could not read " + printable(file.path, 500));
        }
        const BlobPtr blob(raw);
        git_buf content{};
        if (git_filter_list_apply_to_blob(&content, filters.get(), raw) < 0) {
            return libgit2_error("could not convert " + printable(file.path, 500) +
                                 " as .gitattributes say");
        }
        const BufPtr owner(&content);
        return put(file, {content.ptr, content.size}, mark);
    }

    std::optional<GitError> put(const TreeFile& file, std::string_view content, FileMark& mark) {
        const auto trouble = [&](const char* what) {
            return GitError{system_error(std::string(what) + " " + job_.folder->path() + "/" +
                                             printable(file.path, 500),
                                         errno),
                            false};
        };
        struct stat status {};
        if (file.mode == GIT_FILEMODE_LINK) {
            const char* name = nullptr;
            const int parent = cursor_.parent_of(file.path, name);
            if (parent < 0 || symlinkat(std::string(content).c_str(), parent, name) != 0 ||
                (job_.owner && fchownat(parent, name, job_.owner->uid, job_.owner->gid,
                                        AT_SYMLINK_NOFOLLOW) != 0)) {
                return trouble("could not make the link");
            }
            if (!cursor_.look(file.path, status)) return trouble("could not look at");
        } else {
            const sys::Fd fd(create(file));
            if (!fd || !sys::write_all(fd.get(), content)) return trouble("could not write");
            if (!finish(fd.get(), file, status)) return trouble("could not finish");
        }
        mark = FileMark::of(status);
        return std::nullopt;
    }

    bool share(const TreeFile& file, FileMark& mark) {
        const git_index_entry* entry = job_.source_index->find(file);
        if (entry == nullptr || file.mode == GIT_FILEMODE_LINK) return false;
        return job_.links ? link(file, *entry, mark) : clone(file, entry, mark);
    }

    // The older release's file itself, if it is one that only this process can have written.
    bool link(const TreeFile& file, const git_index_entry& entry, FileMark& mark) {
        const sys::Fd from(job_.source->open_below(file.path, O_PATH));
        struct stat status {};
        if (!from || fstat(from.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
            !ReleaseIndex::is_sealed(entry, status)) {
            return false;
        }
        const char* name = nullptr;
        const int parent = cursor_.parent_of(file.path, name);
        const std::string path = "/proc/self/fd/" + std::to_string(from.get());
        if (parent < 0 || linkat(AT_FDCWD, path.c_str(), parent, name, AT_SYMLINK_FOLLOW) != 0) {
            // EMLINK: this one has as many as the file system gives.
            if (errno == EXDEV || errno == EPERM) shared_.can_share = false;
            return false;
        }
        mark = FileMark::of(status);
        ++report_.shared;
        return true;
    }

    // Blocks of the older release's file, if that is still what was written.
    bool clone(const TreeFile& file, const git_index_entry* entry, FileMark& mark) {
        const sys::Fd from(job_.source->open_below(file.path, O_RDONLY | O_NONBLOCK));
        struct stat status {};
        if (!from || fstat(from.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
            !ReleaseIndex::is_untouched(*entry, status)) {
            return false;
        }
        const sys::Fd fd(create(file));
        if (!fd) return false;
        const bool cloned = ioctl(fd.get(), FICLONE, from.get()) == 0;
        struct stat again {};
        // Looked at again: it may have been written to meanwhile.
        if (cloned && fstat(from.get(), &again) == 0 && ReleaseIndex::is_untouched(*entry, again) &&
            fstat(fd.get(), &status) == 0) {
            mark = FileMark::of(status);
            ++report_.shared;
            return true;
        }
        if (!cloned &&
            (errno == EOPNOTSUPP || errno == EXDEV || errno == ENOTTY || errno == EINVAL)) {
            shared_.can_share = false;
        }
        unlinkat(job_.folder->fd(), file.path.c_str(), 0);
        return false;
    }

    // Writing over a file is faster than taking it away and making it anew where a file system is
    // slow to free blocks. What others have open or linked stays theirs.
    int create(const TreeFile& file) {
        const bool runs = file.mode == GIT_FILEMODE_BLOB_EXECUTABLE;
        const char* name = nullptr;
        const int parent = cursor_.parent_of(file.path, name);
        if (parent < 0) return -1;
        constexpr int kFlags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
        sys::Fd fd(
            openat(parent, name, kFlags | (job_.writes_over ? 0 : O_EXCL), runs ? 0777 : 0666));
        if (fd && job_.owner && !hand_over(fd.get(), runs)) return -1;
        return fd.release();
    }

    [[nodiscard]] bool hand_over(int fd, bool runs) const {
        if (!job_.links) return fchown(fd, job_.owner->uid, job_.owner->gid) == 0;
        return fchown(fd, static_cast<uid_t>(-1), job_.owner->gid) == 0 &&
               fchmod(fd, runs ? 0550 : 0440) == 0;
    }

    // After the last byte: what was longer before, or had another mode.
    bool finish(int fd, const TreeFile& file, struct stat& status) const {
        if (fstat(fd, &status) != 0) return false;
        if (!job_.writes_over) return true;
        const off_t end = lseek(fd, 0, SEEK_CUR);
        const mode_t mode = (file.mode == GIT_FILEMODE_BLOB_EXECUTABLE ? 0777 : 0666) & ~job_.umask;
        const bool longer = status.st_size > end;
        const bool other_mode = (status.st_mode & 07777) != mode;
        if (longer && ftruncate(fd, end) != 0) return false;
        if (other_mode && fchmod(fd, mode) != 0) return false;
        return (!longer && !other_mode) || fstat(fd, &status) == 0;
    }

    const WriteJob& job_;
    Shared& shared_;
    std::vector<FileMark>& marks_;
    FolderCursor cursor_;
    RepositoryPtr view_;
    OdbPtr odb_;
    WriteReport report_;
};

}  // namespace

GitResult<WriteReport> write_files(const WriteJob& job, std::vector<FileMark>& marks) {
    Shared shared;
    shared.can_share = job.source != nullptr && job.source_index != nullptr;
    const std::size_t useful = (job.wanted.size() + kFilesAtOnce - 1) / kFilesAtOnce;
    const auto count =
        std::clamp<std::size_t>(std::min<std::size_t>(useful, std::thread::hardware_concurrency()),
                                1, limits::kWriterThreadsMax);
    std::vector<Writer> writers;
    writers.reserve(count);
    for (std::size_t i = 0; i < count; ++i) writers.emplace_back(job, shared, marks);
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < count; ++i) threads.emplace_back([&, i] { writers[i].run(); });
    writers.front().run();
    for (auto& thread : threads) thread.join();
    if (shared.error) return failed<WriteReport>(std::move(*shared.error));
    WriteReport report;
    for (const Writer& writer : writers) {
        report.bytes += writer.report().bytes;
        report.shared += writer.report().shared;
    }
    return succeeded(report);
}

}  // namespace lastgood::git
