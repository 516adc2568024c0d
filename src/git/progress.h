// How far a fetch is: read from what git says, and told to the daemon between request and answer,
// as a line {"progress":{"objects","total","bytes"}}.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lastgood/git/session.h"

namespace lastgood::git {

// Of one piece of `git fetch --progress`'s stderr: "Receiving objects:  45% (450/1000), 1.2 MiB".
std::optional<FetchProgress> parse_git_progress(std::string_view piece);
// What git says while all is well: no part of the reason when it fails.
bool is_git_chatter(std::string_view piece);

std::string encode_progress(const FetchProgress& progress);
// Nothing: the line is no progress, but an answer.
std::optional<FetchProgress> decode_progress(std::string_view line);

// While it lives, tell_progress() writes to stdout; in the worker only. Not at once and not often:
// a quick fetch tells nothing.
class ProgressTelling {
  public:
    ProgressTelling();
    ~ProgressTelling();
    ProgressTelling(const ProgressTelling&) = delete;
    ProgressTelling& operator=(const ProgressTelling&) = delete;
};
void tell_progress(const FetchProgress& progress);

}  // namespace lastgood::git
