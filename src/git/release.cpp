#include "git/release.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <thread>
#include <unordered_set>

#include "git/caches.h"
#include "git/export_ignore.h"
#include "git/lfs.h"
#include "git/mirror.h"
#include "git/release_writer.h"
#include "git/repository_settings.h"
#include "git/spare.h"
#include "git/submodules.h"
#include "git/tree_walk.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::git {
namespace {

// At most `bytes_max` bytes that end where a character ends.
std::string cut(std::string text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
    return text.substr(0, end);
}

CommitText text_of(const git_commit& commit) {
    CommitText text;
    const char* message = git_commit_message(&commit);
    if (message != nullptr) {
        const std::string_view all = trim(message);
        text.subject = cut(to_utf8(trim(all.substr(0, all.find('\n')))), limits::kSubjectBytesMax);
    }
    if (const git_signature* author = git_commit_author(&commit)) {
        text.author = cut(to_utf8(std::string(author->name) + " <" + author->email + ">"),
                          limits::kSubjectBytesMax);
    }
    return text;
}

GitResult<bool> protect_commit(const Remote& remote, git_repository& repository,
                               const CommitId& commit, const git_oid& oid) {
    auto lock = MirrorLock::take(remote.mirror);
    if (!lock) return failed<bool>({lock.error(), false});
    return set_ref(repository, release_ref(remote, commit), oid);
}

constexpr std::size_t kFilesOfOneThread = 2000;

// A release in the making: the folder, the files that belong there, and what is there already.
class Maker {
  public:
    Maker(const std::string& mirror, const MaterialiseRequest& request,
          const std::vector<config::CacheFolder>& caches, TreeSurvey survey)
        : mirror_(mirror), request_(request), caches_(caches), survey_(std::move(survey)) {}

    // On the spare where there is one; if that turns out to be of no use, from nothing.
    GitResult<Released> make() {
        const std::string& directory = request_.directory;
        unlink(ReleaseIndex::path_for(directory).c_str());
        if (auto removed = sys::remove_tree(directory); !removed) {
            return failed<Released>({removed.error(), false});
        }
        // A spare of another user's could be changed under the eyes of whoever makes it over.
        if (request_.way != config::Materialise::automatic || request_.owner) {
            remove_spare(directory);
        } else if (auto spare = take_spare(directory)) {
            auto made = fill(&*spare);
            if (made.value || made.error.permanent) return made;
            spare.reset();
            unlink(ReleaseIndex::path_for(directory).c_str());
            if (auto removed = sys::remove_tree(directory); !removed) {
                return failed<Released>({removed.error(), false});
            }
        }
        // Another user's is open to that user and group alone: the folders above let all through.
        if (auto made = sys::make_directories(directory, request_.owner ? 0750 : 0755); !made) {
            return failed<Released>({made.error(), false});
        }
        return fill(nullptr);
    }

  private:
    GitResult<Released> fill(ReleaseIndex* ground) {
        auto folder = ReleaseFolder::open(request_.directory, request_.owner);
        if (!folder.value) return failed<Released>(std::move(folder.error));
        WriteJob job;
        job.mirror = mirror_;
        job.folder = &*folder.value;
        job.files = &survey_.files;
        job.attributes = &survey_.attributes;
        job.writes_over = ground != nullptr;
        job.umask = sys::current_umask();
        job.owner = request_.owner;
        job.links = request_.way == config::Materialise::link && request_.owner;
        std::vector<FileMark> marks(survey_.files.size());
        std::vector<std::string> removed;
        if (ground != nullptr) removed = remove_others(*folder.value, *ground);
        may_keep_ = ground != nullptr && same_attributes(*ground);
        if (auto error = prepare(*folder.value, ground, job.wanted, marks)) {
            return failed<Released>(std::move(*error));
        }
        const bool shares = ground == nullptr && request_.way != config::Materialise::copy;
        const Older older = shares || !caches_.empty() ? open_older() : Older{};
        if (shares && older.folder && older.index && same_attributes(*older.index)) {
            job.source = &*older.folder;
            job.source_index = &*older.index;
        }
        auto written = write_files(job, marks);
        if (!written.value) return failed<Released>(std::move(written.error));
        Released released;
        released.notes = carry(*folder.value, ground, older);
        released.files = survey_.files.size();
        released.bytes = written.value->bytes;
        released.written = job.wanted.size() - written.value->shared;
        // Without an index the next release is written whole, that is all.
        const std::string index_path = ReleaseIndex::path_for(request_.directory);
        const bool indexed = ground != nullptr
                                 ? ground->update(removed, survey_.files, marks, job.wanted)
                                 : ReleaseIndex::write(index_path, survey_.files, marks);
        if (!indexed) unlink(index_path.c_str());
        return succeeded(std::move(released));
    }

    // Which files are to be written, and the folders of all.
    std::optional<GitError> prepare(const ReleaseFolder& folder, const ReleaseIndex* ground,
                                    std::vector<std::size_t>& wanted,
                                    std::vector<FileMark>& marks) const {
        if (ground != nullptr) {
            find_changed(folder, *ground, wanted, marks);
        } else {
            wanted.resize(survey_.files.size());
            std::iota(wanted.begin(), wanted.end(), std::size_t{0});
        }
        for (const std::size_t i : wanted) {
            if (folder.make_parents(survey_.files[i].path)) continue;
            return GitError{
                system_error(
                    "could not make the folder of " + printable(survey_.files[i].path, 500), errno),
                false};
        }
        for (const Gitlink& left_out : survey_.submodules) {
            (void)folder.make_parents(left_out.path + "/");
        }
        return std::nullopt;
    }

    // Filters go by .gitattributes: where one differs, every file may.
    [[nodiscard]] bool same_attributes(const ReleaseIndex& older) const {
        std::size_t before = 0;
        for (const auto path : older.paths()) before += is_attributes(path) ? 1 : 0;
        return before == survey_.attributes.size() &&
               std::all_of(survey_.attributes.begin(), survey_.attributes.end(),
                           [&](const TreeFile& file) { return older.find(file) != nullptr; });
    }

    [[nodiscard]] std::vector<std::string> remove_others(const ReleaseFolder& folder,
                                                         const ReleaseIndex& ground) const {
        std::unordered_set<std::string_view> wanted;
        wanted.reserve(survey_.files.size());
        for (const auto& file : survey_.files) wanted.insert(file.path);
        std::vector<std::string> removed;
        for (const auto path : ground.paths()) {
            if (wanted.contains(path)) continue;
            removed.emplace_back(path);
            folder.remove(removed.back());
        }
        return removed;
    }

    // One look at each file, by two threads: of many files the looking is what takes the time.
    void find_changed(const ReleaseFolder& folder, const ReleaseIndex& ground,
                      std::vector<std::size_t>& wanted, std::vector<FileMark>& marks) const {
        const std::size_t count = survey_.files.size();
        const auto look_at = [&](std::size_t begin, std::size_t end,
                                 std::vector<std::size_t>& changed) {
            FolderCursor cursor(folder);
            for (std::size_t i = begin; i < end; ++i) {
                if (!keep(cursor, folder, ground, survey_.files[i], marks[i])) changed.push_back(i);
            }
        };
        if (count < kFilesOfOneThread) return look_at(0, count, wanted);
        std::vector<std::size_t> second;
        std::thread other([&] { look_at(count / 2, count, second); });
        look_at(0, count / 2, wanted);
        other.join();
        wanted.insert(wanted.end(), second.begin(), second.end());
    }

    // Is it in the ground, the very same and untouched? What is in its place and can't be written
    // over is removed if not.
    bool keep(FolderCursor& cursor, const ReleaseFolder& folder, const ReleaseIndex& ground,
              const TreeFile& file, FileMark& mark) const {
        struct stat status {};
        if (!cursor.look(file.path, status)) return false;
        const git_index_entry* entry = ground.find(file);
        if (may_keep_ && entry != nullptr && ReleaseIndex::is_untouched(*entry, status)) {
            mark = FileMark::of(status);
            return true;
        }
        const bool ours = S_ISREG(status.st_mode) && status.st_nlink == 1 &&
                          status.st_uid == geteuid() && file.mode != GIT_FILEMODE_LINK;
        if (!ours) folder.remove(file.path);
        return false;
    }

    struct Older {
        std::optional<ReleaseFolder> folder;
        std::optional<ReleaseIndex> index;
    };

    [[nodiscard]] Older open_older() const {
        Older older;
        if (!request_.previous) return older;
        const std::string& directory = request_.previous->second;
        auto index = ReleaseIndex::read(ReleaseIndex::path_for(directory));
        auto folder = ReleaseFolder::open(directory);
        older.index = std::move(index);
        older.folder = std::move(folder.value);
        return older;
    }

    [[nodiscard]] std::vector<std::string> carry(const ReleaseFolder& folder,
                                                 const ReleaseIndex* ground,
                                                 const Older& older) const {
        CacheSource source;
        if (older.folder) source.folder = &*older.folder;
        if (older.index) source.index = &*older.index;
        source.owner = request_.owner;
        return carry_caches(folder, caches_, survey_.files, ground, source);
    }

    const std::string& mirror_;
    const MaterialiseRequest& request_;
    const std::vector<config::CacheFolder>& caches_;
    TreeSurvey survey_;
    bool may_keep_ = false;  // files of the ground; else all are written over
};

}  // namespace

GitResult<Released> materialise(const Remote& remote, const MaterialiseRequest& request) {
    const std::string& mirror = remote.mirror;
    auto opened = open_mirror(mirror);
    if (!opened.value) return failed<Released>(std::move(opened.error));
    git_repository& repository = **opened.value;
    git_oid oid;
    git_commit* raw = nullptr;
    if (!to_oid(request.commit, oid) || git_commit_lookup(&raw, &repository, &oid) < 0) {
        return failed<Released>({{"the mirror has no commit " + request.commit.hex(), ""}, false});
    }
    const CommitPtr owner(raw);
    auto settings = read_settings(repository, *git_commit_tree_id(raw), request.repository);
    if (!settings.value) return failed<Released>(std::move(settings.error));
    auto survey = survey_tree(repository, *git_commit_tree_id(raw));
    if (!survey.value) return failed<Released>(std::move(survey.error));
    auto protected_now = protect_commit(remote, repository, request.commit, oid);
    if (!protected_now.value) return failed<Released>(std::move(protected_now.error));
    if (request.submodules && !survey.value->submodules.empty()) {
        auto access = read_access(remote);
        if (!access.value) return failed<Released>(std::move(access.error));
        auto added = add_submodules(*access.value, repository, request.commit, *survey.value);
        if (!added.value) return failed<Released>(std::move(added.error));
    }
    if (request.export_ignore) {
        auto left = leave_out_ignored(mirror, request.directory, *survey.value);
        if (!left.value) return failed<Released>(std::move(left.error));
    }
    auto stored = fetch_lfs_objects(remote, request, repository, *survey.value);
    if (!stored.value) return failed<Released>(std::move(stored.error));
    const auto& caches = settings.value->cache ? *settings.value->cache : request.caches;
    auto released = Maker(mirror, request, caches, std::move(*survey.value)).make();
    if (released.value) {
        released.value->text = text_of(*raw);
        released.value->settings = std::move(*settings.value);
    } else {
        // Nothing half-made is left; what isn't there can't be taken for a release.
        (void)sys::remove_tree(request.directory);
    }
    return released;
}

GitResult<bool> seal(const std::string& directory) {
    const sys::Fd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return failed<bool>({system_error("could not open " + directory, errno), false});
    if (syncfs(fd.get()) != 0) {
        return failed<bool>(
            {system_error("could not bring " + directory + " to disk", errno), false});
    }
    return succeeded(true);
}

}  // namespace lastgood::git
