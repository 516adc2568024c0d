#include "cli/fleet/group.h"

namespace lastgood::cli {

FleetGroup::FleetGroup(config::Config config, std::unique_ptr<fleet::Etcd> etcd)
    : config_(std::move(config)),
      etcd_(std::move(etcd)),
      view_(fleet::group_prefix(config_.fleet->group)) {}

Expected<FleetGroup> FleetGroup::open(const Context& context) {
    config::Loaded loaded = config::load(config_path(context));
    if (!loaded.config) return faulty(loaded.faults);
    if (!loaded.config->fleet) {
        return Error{loaded.config->path + " has no section `fleet`: this machine stands alone",
                     "the same command without `fleet` is about this machine"};
    }
    const config::Fleet& fleet = *loaded.config->fleet;
    auto etcd = fleet::make_etcd({.endpoints = fleet.endpoints,
                                  .ca_file = fleet.ca_file,
                                  .cert_file = fleet.cert_file,
                                  .key_file = fleet.key_file,
                                  .user = fleet.user,
                                  .password = fleet.password});
    if (!etcd) return etcd.error();
    return FleetGroup(std::move(*loaded.config), std::move(*etcd));
}

Expected<void> FleetGroup::read() {
    auto result = fleet::range_whole(
        *etcd_, {.key = view_.prefix(), .end = fleet::prefix_end(view_.prefix())});
    if (const auto* failed = std::get_if<fleet::Failure>(&result)) return failed->error;
    for (const Error& fault : view_.read(std::get<fleet::RangeAnswer>(result))) complain(fault);
    return {};
}

const core::FleetApp* FleetGroup::app(const std::string& name) const {
    const auto parsed = AppName::parse(name);
    if (!parsed) return nullptr;
    const auto found = view().apps.find(*parsed);
    return found == view().apps.end() ? nullptr : &found->second;
}

}  // namespace lastgood::cli
