// Looking at every entry of a commit's tree before anything is done with it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "git/libgit2.h"

namespace lastgood::git {

struct TreeFile {
    std::string path;
    git_oid id;
    git_filemode_t mode;  // blob, executable, link or commit (a submodule)
};

// Files only, parents before children's siblings, in git's order. Refuses hostile names, the same
// name twice in one folder, more than kTreeEntriesMax entries and kTreeDepthMax levels: for good.
// A visit that returns an error ends the walk with it.
GitResult<bool> walk_tree(git_repository& repository, const git_oid& tree,
                          const std::function<std::optional<GitError>(const TreeFile&)>& visit);

bool is_attributes(std::string_view path);  // of a .gitattributes

struct Gitlink {  // the place of a submodule
    std::string path;
    git_oid commit;
};

struct TreeSurvey {
    std::vector<TreeFile> files;  // and links, in git's order
    std::vector<Gitlink> submodules;
    std::vector<TreeFile> attributes;  // every .gitattributes, also among the files
};

GitResult<TreeSurvey> survey_tree(git_repository& repository, const git_oid& tree);

}  // namespace lastgood::git
