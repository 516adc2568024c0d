#include "git/repository_settings.h"

#include "lastgood/base/strings.h"

namespace lastgood::git {
namespace {

using TreeEntryPtr = std::unique_ptr<git_tree_entry, Freer<git_tree_entry_free>>;
using Result = config::RepositorySettings;

GitError refused(const std::string& what) {
    return {{what, "mend the file and push again, or take its keys out of allow_repo_config"},
            true};
}

GitError faulty(const std::vector<config::Fault>& faults) {
    std::string all;
    for (const auto& fault : faults) all += (all.empty() ? "" : "; ") + fault.text();
    return refused("the repository's own settings can't be used: " + printable(all, 2000));
}

}  // namespace

GitResult<Result> read_settings(git_repository& mirror, const git_oid& tree_id,
                                const config::RepositoryRules& rules) {
    if (rules.keys.empty()) return succeeded(Result{});
    const std::string path = config::repository_file(rules);
    git_tree* tree = nullptr;
    if (git_tree_lookup(&tree, &mirror, &tree_id) < 0) {
        return failed<Result>(libgit2_error("could not read the commit's tree"));
    }
    const TreePtr tree_owner(tree);
    git_tree_entry* entry = nullptr;
    const int found = git_tree_entry_bypath(&entry, tree, path.c_str());
    if (found == GIT_ENOTFOUND) return succeeded(Result{});
    if (found < 0) return failed<Result>(libgit2_error("could not look for " + path));
    const TreeEntryPtr entry_owner(entry);
    const auto mode = git_tree_entry_filemode(entry);
    if (mode != GIT_FILEMODE_BLOB && mode != GIT_FILEMODE_BLOB_EXECUTABLE) {
        return failed<Result>(refused(path + " is no plain file"));
    }
    const auto text = read_blob(mirror, *git_tree_entry_id(entry));
    if (!text) return failed<Result>(libgit2_error("could not read " + path));
    auto loaded = config::read_repository(text->text(), rules);
    if (!loaded.faults.empty()) return failed<Result>(faulty(loaded.faults));
    return succeeded(std::move(loaded.settings));
}

}  // namespace lastgood::git
