#include "daemon/fetch_facts.h"

namespace lastgood::daemon {

core::FetchFacts facts_of(const git::FetchResult& result) {
    core::FetchFacts facts;
    facts.tip = result.tip;
    facts.tip_tag = result.tip_tag;
    facts.live_known = result.live_known;
    for (const auto& from : result.facts) {
        facts.standings.push_back({from.id, from.present, from.is_commit, from.on_ref,
                                   from.ancestor_of_live, from.ancestor_of, from.descends_from_live,
                                   from.paths_changed, from.skip_asked});
    }
    return facts;
}

}  // namespace lastgood::daemon
