// Knows how commits stand at the app that another one is promoted from, and when that may have
// changed. The rules are core/promotion_policy.h; this reads the journal, keeps the clock and wakes
// the app's machine. On the loop's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/site.h"
#include "lastgood/core/promotion_policy.h"

namespace lastgood::daemon {

class Promoter {
  public:
    // All outlive the promoter. `due`: something may have been proved; never called from inside a
    // call.
    Promoter(Site& site, const deploy::Engine& engine, std::function<void()> due);

    // Something was recorded of an app: is it the other one?
    void recorded(const std::string& app);
    // At the beginning, and when the config was read again.
    void look();

    // Null: the app has no `promote`.
    [[nodiscard]] const core::Standing* standing() const;
    // For `status`, as core::promotion_note() and promotion_trouble().
    [[nodiscard]] std::string note() const;
    [[nodiscard]] std::string trouble() const;

  private:
    void refresh();
    void tell_of_trouble();
    void ask_if_due();
    [[nodiscard]] const std::optional<core::Promotion>& promotion() const {
        return engine_.settings().promotion;
    }

    Site& site_;
    const deploy::Engine& engine_;
    std::function<void()> due_;
    core::Standing standing_;
    // The boot clock's time of each wall time that the journal told: a wall clock that is set must
    // not lengthen or shorten a wait.
    std::map<std::string, std::pair<WallTime, Instant>> since_;
    std::string told_;
    sys::EventLoop::Timer timer_;
    bool owed_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lastgood::daemon
