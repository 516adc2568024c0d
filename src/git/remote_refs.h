// What a remote says of its refs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/ids.h"
#include "lastgood/core/followed.h"

namespace lastgood::git {

struct RemoteRef {
    std::string name;  // refs/heads/main, refs/tags/v1
    CommitId id;
    CommitId commit;  // what a tag object points at in the end; else the id
};

// Collects the followed ones from lines as `git ls-remote` prints them: of a tag object what it
// points at comes as NAME^{} right after it.
class RemoteRefs {
  public:
    explicit RemoteRefs(core::Followed followed) : followed_(std::move(followed)) {}
    void add(std::string_view name, const std::optional<CommitId>& id);

    [[nodiscard]] const std::vector<RemoteRef>& all() const { return refs_; }
    // The branch, or the newest tag by version; null: there is none.
    [[nodiscard]] const RemoteRef* tip() const;

  private:
    core::Followed followed_;
    std::vector<RemoteRef> refs_;
};

}  // namespace lastgood::git
