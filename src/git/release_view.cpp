#include "git/release_view.h"

#include <git2/sys/repository.h>

namespace lastgood::git {

GitResult<RepositoryPtr> open_release_view(const std::string& mirror, const std::string& directory,
                                           const std::vector<TreeFile>& attributes) {
    using Result = RepositoryPtr;
    git_repository* raw = nullptr;
    if (git_repository_open_bare(&raw, mirror.c_str()) < 0) {
        return failed<Result>(libgit2_error("could not open the mirror " + mirror));
    }
    RepositoryPtr view(raw);
    git_index* index = nullptr;
    if (git_index_new(&index) < 0) return failed<Result>(libgit2_error("could not make an index"));
    const IndexPtr owner(index);
    for (const auto& file : attributes) {
        git_index_entry entry{};
        entry.id = file.id;
        entry.mode = file.mode;
        entry.path = file.path.c_str();
        if (git_index_add(index, &entry) < 0) {
            return failed<Result>(libgit2_error("could not read " + file.path));
        }
    }
    if (git_repository_set_workdir(raw, directory.c_str(), 0) < 0 ||
        git_repository_set_index(raw, index) < 0) {
        return failed<Result>(libgit2_error("could not open " + directory));
    }
    return succeeded(std::move(view));
}

}  // namespace lastgood::git
