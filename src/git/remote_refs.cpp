#include "git/remote_refs.h"

namespace lastgood::git {

void RemoteRefs::add(std::string_view name, const std::optional<CommitId>& id) {
    constexpr std::string_view kPeeled = "^{}";
    if (!id) return;
    if (name.ends_with(kPeeled)) {
        name.remove_suffix(kPeeled.size());
        if (!refs_.empty() && refs_.back().name == name) refs_.back().commit = *id;
        return;
    }
    if (followed_.holds(name)) refs_.push_back({std::string(name), *id, *id});
}

const RemoteRef* RemoteRefs::tip() const {
    const RemoteRef* newest = nullptr;
    for (const RemoteRef& ref : refs_) {
        if (newest == nullptr || core::older_version(newest->name, ref.name)) newest = &ref;
    }
    return newest;
}

}  // namespace lastgood::git
