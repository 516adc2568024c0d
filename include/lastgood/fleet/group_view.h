// A group's keys in etcd as the core sees them (pure).
//
// Given every key below the group's prefix, or some of them, and then each change. The order of
// changes to one key counts, that of different keys does not. A value that can't be read is as one
// that isn't there, and an Error says which.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/core/fleet_view.h"
#include "lastgood/fleet/etcd.h"

namespace lastgood::fleet {

// "/lastgood/GROUP/"
std::string group_prefix(std::string_view group);

// Below the prefix; one key, whose lease is the controller's. Its value is the host's name.
inline constexpr std::string_view kElectionKey = "election/controller";

class GroupView {
  public:
    explicit GroupView(std::string prefix) : prefix_(std::move(prefix)) {}

    // Everything is forgotten: a list follows.
    void clear(std::uint64_t cluster);
    // A whole list, in place of what was known. Gives the values that can't be read.
    std::vector<Error> read(const RangeAnswer& list);
    // Nothing: it is in the view, or it is none of ours.
    std::optional<Error> put(const KeyValue& kv);
    void remove(std::string_view key);
    void reached(core::Revision revision);

    [[nodiscard]] const core::FleetView& view() const { return view_; }
    // The controller: its host's name.
    [[nodiscard]] const std::optional<core::Kept<std::string>>& controller() const {
        return controller_;
    }
    [[nodiscard]] const std::string& prefix() const { return prefix_; }

  private:
    std::optional<Error> put_of_app(std::string_view rest, const KeyValue& kv);
    std::optional<Error> put_of_host(std::string_view rest, const KeyValue& kv);
    void remove_of_app(std::string_view rest);
    void remove_of_host(std::string_view rest);

    std::string prefix_;
    core::FleetView view_;
    std::optional<core::Kept<std::string>> controller_;
};

}  // namespace lastgood::fleet
