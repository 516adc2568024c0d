// What went wrong with a remote, told by git's words (in LC_ALL=C) or libgit2's, and its mend.
#pragma once

#include <string>
#include <string_view>

#include "git/credentials.h"

namespace lastgood::git {

enum class Failure {
    host_key_changed,
    host_key_unknown,
    key_refused,
    login_refused,
    host_not_found,
    connection_refused,
    timed_out,
    repository_not_found,
    owner_not_trusted,
    certificate,
    certificate_expired,
    certificate_of_another,
    pack_too_large,
    objects_refused,
    disk_full,
    ssh_missing,
    out_of_memory,
    server_in_trouble,
    not_git,
    not_ssh,
    cut_off,
    other,
};

Failure classify(std::string_view said);

// "DOING REMOTE failed: the telling line" and what to do about it; never the token.
GitError explain_failure(const Access& access, const std::string& doing, const std::string& said);

// The branch isn't at the remote: no failure.
bool says_branch_missing(std::string_view said);

// The words of a mirror that lost objects. The remote's own troubles read alike: verify.
bool hints_at_damage(std::string_view said);

}  // namespace lastgood::git
