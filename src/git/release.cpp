#include "git/release.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "git/mirror.h"
#include "git/release_view.h"
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

GitResult<bool> protect_commit(const std::string& mirror, git_repository& repository,
                               const CommitId& commit, const git_oid& oid) {
    auto lock = MirrorLock::take(mirror);
    if (!lock) return failed<bool>({lock.error(), false});
    return set_ref(repository, kReleaseRefs + commit.hex(), oid);
}

GitResult<bool> check_out(const std::string& mirror, const git_commit& commit,
                          const TreeSurvey& survey, const std::string& directory) {
    if (auto removed = sys::remove_tree(directory); !removed) {
        return failed<bool>({removed.error(), false});
    }
    if (auto made = sys::make_directories(directory); !made) {
        return failed<bool>({made.error(), false});
    }
    auto view = open_release_view(mirror, directory, survey.attributes);
    if (!view.value) return failed<bool>(std::move(view.error));
    git_object* tree = nullptr;
    if (git_object_lookup(&tree, view.value->get(), git_commit_tree_id(&commit), GIT_OBJECT_TREE) <
        0) {
        return failed<bool>(libgit2_error("could not read the commit's tree"));
    }
    const ObjectPtr owner(tree);
    git_checkout_options options;
    git_checkout_options_init(&options, GIT_CHECKOUT_OPTIONS_VERSION);
    // No refresh: the index is ours and in memory only.
    options.checkout_strategy = GIT_CHECKOUT_FORCE | GIT_CHECKOUT_DONT_UPDATE_INDEX |
                                GIT_CHECKOUT_DONT_WRITE_INDEX | GIT_CHECKOUT_NO_REFRESH |
                                GIT_CHECKOUT_DISABLE_PATHSPEC_MATCH;
    options.target_directory = directory.c_str();
    if (git_checkout_tree(view.value->get(), tree, &options) < 0) {
        return failed<bool>(libgit2_error("could not write the files to " + directory));
    }
    return succeeded(true);
}

}  // namespace

GitResult<Released> materialise(const std::string& mirror, const CommitId& commit,
                                const std::string& directory) {
    auto opened = open_mirror(mirror);
    if (!opened.value) return failed<Released>(std::move(opened.error));
    git_repository& repository = **opened.value;
    git_oid oid;
    git_commit* raw = nullptr;
    if (!to_oid(commit, oid) || git_commit_lookup(&raw, &repository, &oid) < 0) {
        return failed<Released>({{"the mirror has no commit " + commit.hex(), ""}, false});
    }
    const CommitPtr owner(raw);
    auto survey = survey_tree(repository, *git_commit_tree_id(raw));
    if (!survey.value) return failed<Released>(std::move(survey.error));
    auto protected_now = protect_commit(mirror, repository, commit, oid);
    if (!protected_now.value) return failed<Released>(std::move(protected_now.error));
    auto written = check_out(mirror, *raw, *survey.value, directory);
    if (!written.value) return failed<Released>(std::move(written.error));
    return succeeded(Released{text_of(*raw), survey.value->files, survey.value->bytes});
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
