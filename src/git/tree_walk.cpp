#include "git/tree_walk.h"

#include <unordered_set>

#include "git/tree_name.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::git {
namespace {

using Visit = std::function<std::optional<GitError>(const TreeFile&)>;

GitError refused(const std::string& path, std::string_view why) {
    return {
        {"the commit's tree is refused: " + std::string(why) + " (" + printable(path, 500) + ")",
         "remove it from the repository and push again"},
        true};
}

class Walker {
  public:
    Walker(git_repository& repository, const Visit& visit)
        : repository_(repository), visit_(visit) {}

    std::optional<GitError> walk(const git_oid& id, const std::string& folder, std::size_t depth) {
        if (depth > limits::kTreeDepthMax) return refused(folder, "too many levels of folders");
        git_tree* tree = nullptr;
        if (git_tree_lookup(&tree, &repository_, &id) < 0) {
            return libgit2_error("could not read the tree of /" + printable(folder, 500));
        }
        const TreePtr owner(tree);
        const std::size_t count = git_tree_entrycount(tree);
        // The same name as a link and as a folder would lead a writer through the link.
        std::unordered_set<std::string_view> names;
        for (std::size_t i = 0; i < count; ++i) {
            const git_tree_entry* entry = git_tree_entry_byindex(tree, i);
            const std::string_view name = git_tree_entry_name(entry);
            const std::string path = folder + std::string(name);
            if (const auto why = hostile_name(name); !why.empty()) return refused(path, why);
            if (!names.insert(name).second) return refused(path, "the same name twice");
            if (++entries_ > limits::kTreeEntriesMax) return refused(path, "too many entries");
            if (auto error = take(*entry, path, depth)) return error;
        }
        return std::nullopt;
    }

  private:
    std::optional<GitError> take(const git_tree_entry& entry, const std::string& path,
                                 std::size_t depth) {
        const git_filemode_t mode = git_tree_entry_filemode(&entry);
        if (mode == GIT_FILEMODE_TREE) {
            return walk(*git_tree_entry_id(&entry), path + "/", depth + 1);
        }
        if (mode == GIT_FILEMODE_UNREADABLE) return refused(path, "an entry of an unknown kind");
        return visit_(TreeFile{path, *git_tree_entry_id(&entry), mode});
    }

    git_repository& repository_;
    const Visit& visit_;
    std::size_t entries_ = 0;
};

}  // namespace

GitResult<bool> walk_tree(git_repository& repository, const git_oid& tree, const Visit& visit) {
    if (auto error = Walker(repository, visit).walk(tree, "", 1)) {
        return failed<bool>(std::move(*error));
    }
    return succeeded(true);
}

bool is_attributes(std::string_view path) {
    return path == ".gitattributes" || path.ends_with("/.gitattributes");
}

GitResult<TreeSurvey> survey_tree(git_repository& repository, const git_oid& tree) {
    TreeSurvey survey;
    auto walked = walk_tree(repository, tree, [&](const TreeFile& file) -> std::optional<GitError> {
        if (file.mode == GIT_FILEMODE_COMMIT) {
            survey.submodules.push_back({file.path, file.id});
            return std::nullopt;
        }
        if (is_attributes(file.path) && file.mode != GIT_FILEMODE_LINK) {
            survey.attributes.push_back(file);
        }
        survey.files.push_back(file);
        return std::nullopt;
    });
    if (!walked.value) return failed<TreeSurvey>(std::move(walked.error));
    return succeeded(std::move(survey));
}

}  // namespace lastgood::git
