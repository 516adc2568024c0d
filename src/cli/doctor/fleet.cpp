// The fleet: whether etcd answers at each endpoint, has a leader, and lets this host do its part.
#include <unistd.h>

#include <array>

#include "cli/doctor/checks.h"
#include "cli/doctor/judge.h"
#include "lastgood/fleet/etcd_client.h"
#include "lastgood/fleet/group_view.h"

namespace lastgood::cli::diagnosis {
namespace {

std::string own_host_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

void add(Report& report, Verdict verdict, std::string found, std::string mend = {}) {
    report.add({"fleet", verdict, std::move(found), std::move(mend)});
}

void check_members(const std::vector<fleet::Result<fleet::Status>>& all, const config::Fleet& fleet,
                   Report& report) {
    std::size_t well = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::string& place = fleet.endpoints.at(i);
        if (const auto* failed = std::get_if<fleet::Failure>(&all[i])) {
            add(report, Verdict::warn, failed->error.what,
                failed->error.mend.empty() ? "see to that member" : failed->error.mend);
            continue;
        }
        const auto& status = std::get<fleet::Status>(all[i]);
        if (status.leader == 0) {
            add(report, Verdict::warn, "etcd at " + place + " knows no leader",
                "see to its other members: more than half of them must be there");
        } else if (!status.errors.empty()) {
            add(report, Verdict::warn, "etcd at " + place + ": " + status.errors.front(),
                "etcdctl alarm list tells more");
        } else {
            ++well;
        }
    }
    if (well == all.size()) {
        add(report, Verdict::ok, "etcd answers at " + std::to_string(well) + " endpoints");
    }
}

// Rules of the fleet use no clock of others; but its history, and what people read of it, does.
void check_clocks(const std::vector<fleet::Result<fleet::Status>>& all, Report& report) {
    bool known = false;
    bool alike = true;
    for (const auto& one : all) {
        const auto* status = std::get_if<fleet::Status>(&one);
        if (status == nullptr || !status->clock) continue;
        known = true;
        Finding finding = judge_clock(wall_now() - *status->clock, "etcd at " + status->endpoint);
        if (finding.verdict == Verdict::ok) continue;
        alike = false;
        report.add(std::move(finding));
    }
    if (known && alike) report.add({"clock", Verdict::ok, "as that of etcd's members", ""});
}

// What the host needs, tried without changing anything: a write whose condition never holds.
void check_role(fleet::Etcd& etcd, const config::Fleet& fleet, const core::HostName& host,
                Report& report) {
    const std::string prefix = fleet::group_prefix(fleet.group);
    const auto may_write = [&etcd](const std::string& key) {
        const auto result =
            etcd.txn({{{key, fleet::Compare::What::version, fleet::Compare::Is::less, 0, {}}},
                      {fleet::Put{key, "", 0}}});
        const auto* failed = std::get_if<fleet::Failure>(&result);
        return failed == nullptr ? std::string() : failed->error.text();
    };
    const auto read = etcd.range(
        {.key = prefix, .end = fleet::prefix_end(prefix), .limit = 1, .keys_only = true});
    if (const auto* failed = std::get_if<fleet::Failure>(&read)) {
        return add(report, Verdict::fail, failed->error.what,
                   failed->error.mend.empty()
                       ? "see /usr/share/doc/lastgood/fleet.md, Setting it up"
                       : failed->error.mend);
    }
    if (const auto why = may_write(prefix + core::host_key(host)); !why.empty()) {
        return add(
            report, Verdict::fail,
            "this host can't write its own key, hosts/" + host.str() + ": " + why,
            "give its role in etcd the right, see /usr/share/doc/lastgood/fleet.md, Setting it up");
    }
    const bool controls = may_write(prefix + std::string(fleet::kElectionKey)).empty();
    add(report, Verdict::ok,
        "host " + host.str() + " of group " + fleet.group +
            (controls ? ", and may be its controller" : "; it may not be its controller"));
}

}  // namespace

void check_fleet(const Patient& patient, Report& report) {
    if (!patient.config.fleet) return;
    const config::Fleet& fleet = *patient.config.fleet;
    auto etcd = fleet::make_etcd({.endpoints = fleet.endpoints,
                                  .ca_file = fleet.ca_file,
                                  .cert_file = fleet.cert_file,
                                  .key_file = fleet.key_file,
                                  .user = fleet.user,
                                  .password = fleet.password});
    if (!etcd) return add(report, Verdict::fail, etcd.error().what, etcd.error().mend);
    const auto members = (*etcd)->status();
    check_members(members, fleet, report);
    check_clocks(members, report);
    const auto host = fleet.host ? fleet.host : core::HostName::parse(own_host_name());
    if (!host) {
        return add(report, Verdict::fail, "the machine's name is no name for a host",
                   "set fleet.host");
    }
    check_role(**etcd, fleet, *host, report);
}

}  // namespace lastgood::cli::diagnosis
