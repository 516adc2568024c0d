#include "git/fetch.h"

#include <algorithm>

#include "git/facts.h"
#include "git/failure.h"
#include "git/mirror.h"
#include "git/recent_fetches.h"
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

std::string upstream_ref(const std::string& remote_name) {
    return kUpstreamRefs + remote_name.substr(std::string_view("refs/").size());
}

// The wanted commit may be on another branch: that is told apart from "isn't there (yet)". One that
// a tag names comes by the tag, for some servers give nothing away by its id.
void ask_for_missing(Transport& transport, git_repository& mirror, const RemoteRefs& refs,
                     const FetchRequest& request) {
    for (const CommitId& id : request.candidates) {
        if (has_object(mirror, id)) continue;
        const auto named = std::find_if(refs.all().begin(), refs.all().end(), [&](auto& ref) {
            return ref.id == id || ref.commit == id;
        });
        if (named != refs.all().end()) {
            (void)transport.fetch_ref(named->name, kAskedRefs + id.hex());
        } else if (id == request.candidates.front()) {
            transport.fetch_id(id, kAskedRefs + id.hex());
        }
    }
}

// Another app brought it in after this one was asked for it.
bool is_here(git_repository& mirror, const std::string& path, const std::string& upstream,
             const FetchRequest& request) {
    const bool wanted_is_here =
        request.candidates.empty() || has_object(mirror, request.candidates.front());
    return wanted_is_here && was_fetched_since(path, upstream, request.asked) &&
           read_ref(mirror, upstream).has_value();
}

// Of a branch one fetch tells all; of tags the list says which is the newest.
GitResult<RemoteRefs> look_up(Transport& transport, const core::Followed& followed) {
    if (followed.by_tags()) return transport.list();
    return succeeded(RemoteRefs(followed));
}

Attempt attempt(const Access& access, const FetchRequest& request) {
    const core::Followed& followed = access.remote.followed;
    auto mirror = open_mirror(access.remote.mirror);
    if (!mirror.value) return give_up(std::move(mirror.error), true);
    git_repository& repository = **mirror.value;

    const auto transport = make_transport(access);
    auto refs = look_up(*transport, followed);
    if (!refs.value) return give_up(std::move(refs.error), false);
    const RemoteRef* newest = refs.value->tip();
    std::string name = followed.by_tags() ? "" : "refs/heads/" + followed.branch;
    if (newest != nullptr) name = newest->name;
    const std::string upstream = name.empty() ? "" : upstream_ref(name);
    delete_other_upstreams(repository, upstream, access.remote.others);

    Upstream found{&followed, std::nullopt, "", {}};
    const Instant began = BootClock::now();
    if (!name.empty() && !is_here(repository, access.remote.mirror, upstream, request)) {
        auto fetched = transport->fetch_ref(name, upstream);
        if (!fetched.value) {
            return give_up(std::move(fetched.error), hints_at_damage(transport->said()));
        }
        if (!*fetched.value) {
            if (auto gone = delete_ref(repository, upstream); !gone.value) {
                return give_up(std::move(gone.error), false);
            }
        }
        if (*fetched.value) note_fetch(access.remote.mirror, upstream, began);
    }
    if (!name.empty()) found.tip = read_ref(repository, upstream);
    if (newest != nullptr)
        found.tip_tag = newest->name.substr(std::string_view("refs/tags/").size());
    for (const RemoteRef& ref : refs.value->all()) found.tagged.push_back(ref.commit);

    ask_for_missing(*transport, repository, *refs.value, request);
    auto facts = gather_facts(repository, found, request);
    // And what was asked for.
    delete_other_upstreams(repository, upstream, access.remote.others);
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
