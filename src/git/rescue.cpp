#include "git/rescue.h"

#include <unistd.h>

#include <chrono>

#include "git/edits.h"
#include "git/mirror.h"
#include "git/release.h"
#include "git/release_view.h"
#include "git/spare.h"
#include "git/tree_walk.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/time.h"

namespace lastgood::git {
namespace {

GitResult<git_oid> edited_tree(git_repository& view, const git_oid& tree,
                               const std::vector<TreeFile>& edits) {
    git_tree* raw = nullptr;
    if (git_tree_lookup(&raw, &view, &tree) < 0) {
        return failed<git_oid>(libgit2_error("could not read the release's tree"));
    }
    const TreePtr owner(raw);
    std::vector<git_tree_update> updates;
    updates.reserve(edits.size());
    for (const auto& edit : edits) {
        updates.push_back({GIT_TREE_UPDATE_UPSERT, edit.id, edit.mode, edit.path.c_str()});
    }
    git_oid made;
    if (git_tree_create_updated(&made, &view, raw, updates.size(), updates.data()) < 0) {
        return failed<git_oid>(libgit2_error("could not write the edited tree"));
    }
    return succeeded(made);
}

GitResult<git_oid> commit_edits(git_repository& view, const git_oid& parent_id,
                                const std::vector<TreeFile>& edits, const std::string& directory) {
    // Looked up through the view: the library drops parents of another handle without a word.
    git_commit* parent = nullptr;
    if (git_commit_lookup(&parent, &view, &parent_id) < 0) {
        return failed<git_oid>(libgit2_error("could not read the release's commit"));
    }
    const CommitPtr parent_owner(parent);
    auto made = edited_tree(view, *git_commit_tree_id(parent), edits);
    if (!made.value) return made;
    git_tree* tree = nullptr;
    git_signature* author = nullptr;
    const int found = git_tree_lookup(&tree, &view, &*made.value);
    const TreePtr tree_owner(tree);
    const int signed_as = git_signature_now(&author, "lastgood", "lastgood@localhost");
    const SignaturePtr author_owner(author);
    const std::string message =
        "Edits found in " + directory + "\n\nSaved before the release was removed.\n";
    git_oid id;
    if (found < 0 || signed_as < 0 ||
        git_commit_create_v(&id, &view, nullptr, author, author, nullptr, message.c_str(), tree, 1,
                            parent) < 0) {
        return failed<git_oid>(libgit2_error("could not write the commit of the edits"));
    }
    return succeeded(id);
}

std::string rescue_ref(const CommitId& commit) {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(wall_now().time_since_epoch());
    return kRescuedRefs + commit.hex() + "-" + std::to_string(seconds.count());
}

GitResult<bool> remove_release(const Remote& remote, const CommitId& commit,
                               const std::string& directory, const RemoveRequest& request) {
    const bool kept = request.keep_spare && keep_as_spare(directory, request.keep_folders);
    unlink(ReleaseIndex::path_for(directory).c_str());
    if (auto removed = kept ? Expected<void>() : sys::remove_tree(directory); !removed) {
        return failed<bool>({removed.error(), false});
    }
    auto opened = open_mirror(remote.mirror);
    if (!opened.value) return failed<bool>(std::move(opened.error));
    auto lock = MirrorLock::take(remote.mirror);
    if (!lock) return failed<bool>({lock.error(), false});
    delete_refs_below(**opened.value, module_refs(remote, commit));
    return delete_ref(**opened.value, release_ref(remote, commit));
}

}  // namespace

GitResult<std::optional<std::string>> rescue_edits(const std::string& mirror,
                                                   const CommitId& commit,
                                                   const std::string& directory) {
    using Result = std::optional<std::string>;
    if (!sys::is_directory(directory)) return succeeded<Result>(std::nullopt);
    auto opened = open_mirror(mirror);
    if (!opened.value) return failed<Result>(std::move(opened.error));
    git_repository& repository = **opened.value;
    git_oid oid;
    git_commit* raw = nullptr;
    // A mirror made afresh knows old releases no more: there is nothing to compare with.
    if (!to_oid(commit, oid) || git_commit_lookup(&raw, &repository, &oid) < 0) {
        return succeeded<Result>(std::nullopt);
    }
    const CommitPtr parent(raw);
    const git_oid& tree = *git_commit_tree_id(raw);
    auto survey = survey_tree(repository, tree);
    if (!survey.value) return failed<Result>(std::move(survey.error));
    auto view = open_release_view(mirror, directory, survey.value->attributes);
    if (!view.value) return failed<Result>(std::move(view.error));
    auto edits = find_edits(**view.value, tree, directory,
                            ReleaseIndex::read(ReleaseIndex::path_for(directory)));
    if (!edits.value) return failed<Result>(std::move(edits.error));
    if (edits.value->empty()) return succeeded<Result>(std::nullopt);

    auto lock = MirrorLock::take(mirror);
    if (!lock) return failed<Result>({lock.error(), false});
    auto saved = commit_edits(**view.value, oid, *edits.value, directory);
    if (!saved.value) return failed<Result>(std::move(saved.error));
    auto named = set_ref(repository, rescue_ref(commit), *saved.value);
    if (!named.value) return failed<Result>(std::move(named.error));
    if (auto sealed = seal(mirror); !sealed.value) return failed<Result>(std::move(sealed.error));
    const std::size_t count = edits.value->size();
    return succeeded<Result>(to_hex(*saved.value) + " (" + std::to_string(count) +
                             (count == 1 ? " file)" : " files)"));
}

GitResult<std::vector<std::string>> remove_releases(const Remote& remote,
                                                    const RemoveRequest& request) {
    std::vector<std::string> rescued;
    std::optional<GitError> trouble;
    const auto note = [&trouble](const GitError& error, const std::string& directory) {
        if (trouble) return;
        trouble = error;
        trouble->error.what = "could not remove " + directory + ": " + error.error.what;
    };
    for (const auto& [commit, directory] : request.releases) {
        auto saved = rescue_edits(remote.mirror, commit, directory);
        if (!saved.value) {
            note(saved.error, directory);
            continue;
        }
        if (*saved.value) rescued.push_back(**saved.value);
        const auto removed = remove_release(remote, commit, directory, request);
        if (!removed.value) note(removed.error, directory);
    }
    if (!trouble) return succeeded(std::move(rescued));
    for (const auto& text : rescued) trouble->error.what += "; edits were saved as " + text;
    return failed<std::vector<std::string>>(std::move(*trouble));
}

}  // namespace lastgood::git
