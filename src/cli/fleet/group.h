// The group of this host's config, asked of etcd directly: these verbs work from any machine that
// has the config, and without a daemon.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/context.h"
#include "lastgood/config/config.h"
#include "lastgood/fleet/etcd_client.h"
#include "lastgood/fleet/group_view.h"

namespace lastgood::cli {

class FleetGroup {
  public:
    // The Error means exit code 2: there is no such config, or no fleet in it.
    static Expected<FleetGroup> open(const Context& context);

    // Everything, at one revision. The Error means exit code 3.
    Expected<void> read();
    [[nodiscard]] const core::FleetView& view() const { return view_.view(); }
    [[nodiscard]] std::string controller() const {
        return view_.controller() ? view_.controller()->value : std::string();
    }
    [[nodiscard]] const config::Config& config() const { return config_; }
    [[nodiscard]] fleet::Etcd& etcd() { return *etcd_; }
    [[nodiscard]] std::string key(const std::string& name) const { return view_.prefix() + name; }
    // Null: nobody of the group has such an app.
    [[nodiscard]] const core::FleetApp* app(const std::string& name) const;

  private:
    FleetGroup(config::Config config, std::unique_ptr<fleet::Etcd> etcd);

    config::Config config_;
    std::unique_ptr<fleet::Etcd> etcd_;
    fleet::GroupView view_;
};

}  // namespace lastgood::cli
