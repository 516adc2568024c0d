// What .gitattributes marks with export-ignore, as git archive leaves it out.
#pragma once

#include <string>

#include "git/tree_walk.h"

namespace lastgood::git {

// Takes the files out of the survey. `directory`: of the release, which isn't there yet; a folder
// beside it is used meanwhile, for patterns that name folders ask whether one is.
GitResult<bool> leave_out_ignored(const std::string& mirror, const std::string& directory,
                                  TreeSurvey& survey);

}  // namespace lastgood::git
