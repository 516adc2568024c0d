// What a forge's webhook says, after its signature was verified. Nothing here is trusted to be more
// than a name: the commit and the ref are checked against the repository after fetching.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/ids.h"

namespace lastgood::forge {

enum class EventKind {
    push,   // one or more refs moved
    ping,   // a test of the hook
    other,  // anything else the forge sends: recorded and ignored
};

struct RefUpdate {
    std::string ref;                // full: "refs/heads/main", "refs/tags/v1"
    std::optional<CommitId> after;  // none: the ref was deleted
};

struct Delivery {
    std::string id;  // the forge's delivery id; made from a hash of the body where none was sent
    std::string provider;  // "github", "gitlab", …
    std::string event;     // the forge's own word for it: "push", "Push Hook"
    EventKind kind = EventKind::other;
    std::vector<RefUpdate> updates;  // for a push: at least one
    std::uint64_t bytes = 0;         // of the body
    // Of the repository, as the payload names it: for finding the apps that it concerns, and never
    // fetched from. At most kRepositoryUrlsMax, none longer than kRefBytesMax.
    std::vector<std::string> repository_urls;
};

}  // namespace lastgood::forge
