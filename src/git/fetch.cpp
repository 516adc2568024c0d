#include "git/fetch.h"

#include "git/facts.h"
#include "git/failure.h"
#include "git/mirror.h"
#include "git/transport.h"

namespace lastgood::git {
namespace {

struct Attempt {
    GitResult<FetchResult> result;
    bool suspicious = false;  // the mirror itself may be the reason
};

Attempt give_up(GitError error, bool suspicious) {
    return {failed<FetchResult>(std::move(error)), suspicious};
}

// The wanted commit may be on another branch: that is told apart from "isn't there (yet)".
void ask_for_missing(Transport& transport, git_repository& mirror, const FetchRequest& request) {
    if (request.candidates.empty()) return;
    const CommitId& wanted = request.candidates.front();
    if (has_object(mirror, wanted)) return;
    transport.fetch_id(wanted, kAskedRefs + wanted.hex());
}

Attempt attempt(const Access& access, const FetchRequest& request) {
    auto mirror = open_mirror(access.remote.mirror);
    if (!mirror.value) return give_up(std::move(mirror.error), true);
    git_repository& repository = **mirror.value;
    delete_other_upstreams(repository, access.remote.branch);

    const std::string upstream = kUpstreamRefs + access.remote.branch;
    const auto transport = make_transport(access);
    auto fetched = transport->fetch_branch(upstream);
    if (!fetched.value) {
        return give_up(std::move(fetched.error), hints_at_damage(transport->said()));
    }
    if (!*fetched.value) {
        if (auto gone = delete_ref(repository, upstream); !gone.value) {
            return give_up(std::move(gone.error), false);
        }
    }
    ask_for_missing(*transport, repository, request);
    auto facts = gather_facts(repository, read_ref(repository, upstream), request);
    delete_other_upstreams(repository, access.remote.branch);  // and what was asked for
    const bool suspicious = !facts.value;
    return {std::move(facts), suspicious};
}

}  // namespace

GitResult<FetchResult> fetch_candidates(const Access& access, const FetchRequest& request) {
    const std::string& path = access.remote.mirror;
    auto lock = MirrorLock::take(path);
    if (!lock) return failed<FetchResult>({lock.error(), false});
    Attempt first = attempt(access, request);
    if (first.result.value || !first.suspicious || mirror_is_whole(path)) {
        return std::move(first.result);
    }
    if (auto moved = move_mirror_aside(path); !moved) {
        return failed<FetchResult>({moved.error(), false});
    }
    auto fresh = MirrorLock::take(path);
    if (!fresh) return failed<FetchResult>({fresh.error(), false});
    return attempt(access, request).result;
}

}  // namespace lastgood::git
