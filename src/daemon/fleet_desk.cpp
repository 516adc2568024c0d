#include "daemon/fleet_desk.h"

#include <algorithm>

#include "daemon/fetch_facts.h"
#include "daemon/machine_name.h"
#include "lastgood/base/fnv.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/version.h"

namespace lastgood::daemon {
namespace {

using config::LogLevel;

// For an answer of the agent's; none comes where nothing was sent.
Millis patience(bool sent) {
    return sent ? limits::kFleetOrderMax + limits::kEtcdTimeMax : Millis(0);
}

constexpr const char* kNoGroup = R"({"group":null})";

}  // namespace

std::string proposal_id(const std::string& kind, const std::string& foreign_id) {
    constexpr std::size_t kPlainMax = 120;
    const bool plain = std::all_of(foreign_id.begin(), foreign_id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
    });
    if (plain && !foreign_id.empty() && foreign_id.size() <= kPlainMax) {
        return kind + "-" + foreign_id;
    }
    // Twice, over what a forge calls it: no secret, and long enough not to meet another.
    std::string digits;
    for (const std::uint64_t basis : {kFnvBasis64, std::uint64_t{0x84222325cbf29ce4}}) {
        const std::uint64_t hash = fnv1a_64(foreign_id, basis);
        for (int shift = 56; shift >= 0; shift -= 8) {
            digits += static_cast<char>((hash >> static_cast<unsigned>(shift)) & 0xffU);
        }
    }
    return kind + "-x" + hex_encode(digits);
}

FleetDesk::FleetDesk(Site& site, const Apps& apps) : site_(site), apps_(apps) {}

AppService* FleetDesk::service(const AppName& app) const {
    for (const auto& one : apps_) {
        if (one && one->app().name == app) return one.get();
    }
    return nullptr;
}

fleet::AgentSettings FleetDesk::settings() const {
    fleet::AgentSettings settings;
    settings.fleet = *site_.config.fleet;
    if (!settings.fleet.host) settings.fleet.host = core::HostName::parse(machine_name());
    if (!settings.fleet.host) settings.fleet.host = core::HostName::parse("localhost");
    settings.folder = site_.config.state_dir + "/fleet";
    settings.version = program_version();
    for (const auto& app : site_.config.apps) {
        if (!app.fleet) continue;
        settings.apps.push_back({app.name, app.followed, app.rules.fast_forward_only});
    }
    return settings;
}

void FleetDesk::apply() {
    if (!site_.config.fleet) {
        if (host_) site_.log.info("fleet", "this host is in no fleet any more");
        members_.clear();
        told_.clear();
        if (host_) stop(true, [] {});
        return;
    }
    const fleet::AgentSettings next = settings();
    std::erase_if(members_, [&next](const auto& one) {
        return std::none_of(next.apps.begin(), next.apps.end(),
                            [&one](const auto& app) { return app.name == one.first; });
    });
    for (const auto& app : next.apps) {
        if (!members_.contains(app.name)) members_.emplace(app.name, FleetApp(site_, app.name));
    }
    if (host_) return host_->update(next);
    site_.log.info("fleet",
                   "this is host " + next.fleet.host->str() + " of group " + next.fleet.group);
    host_ = std::make_unique<fleet::AgentHost>(
        site_.loop, site_.reaper, site_.program, next,
        fleet::AgentCallbacks{[this](fleet::FromAgent message) { take(std::move(message)); },
                              [this] { begun(); }, [this] { gone(); },
                              [this](LogLevel level, const std::string& text) {
                                  site_.log.write(level, "fleet", text);
                              }});
}

void FleetDesk::stop(bool leaving, std::function<void()> stopped) {
    if (!host_) return site_.loop.defer(std::move(stopped));
    host_->stop(leaving, [this, stopped = std::move(stopped)] {
        host_.reset();
        stopped();
    });
}

void FleetDesk::begun() {
    told_.clear();
    for (const auto& [app, member] : members_) changed(app);
}

// Whoever waits may send again; the next agent asks its questions anew.
void FleetDesk::gone() {
    state_ = {};
    state_.trouble = "the fleet's agent doesn't run";
    questions_.clear();
    for (auto& [seq, waiter] : std::exchange(proposals_, {})) {
        waiter.done(false, "the fleet's agent ended");
    }
    for (auto& [seq, onlooker] : std::exchange(onlookers_, {})) {
        onlooker.done(Error{"the fleet's agent ended", {}});
    }
}

void FleetDesk::recorded(const AppName& app, const std::vector<core::Record>& records) {
    const auto member = members_.find(app);
    const AppService* of = service(app);
    if (member == members_.end() || of == nullptr) return;
    member->second.recorded(*of, records);
    changed(app);
}

// Once for all that happens in this round, and when all of it has been done.
void FleetDesk::changed(const AppName& app) {
    if (!has(app)) return;
    if (std::find(changed_.begin(), changed_.end(), app) != changed_.end()) return;
    changed_.push_back(app);
    if (changed_.size() > 1) return;
    site_.loop.defer([alive = std::weak_ptr(alive_), this] {
        if (!alive.lock()) return;
        for (const AppName& one : std::exchange(changed_, {})) tell(one);
    });
}

void FleetDesk::tell(const AppName& app) {
    const auto member = members_.find(app);
    const AppService* of = service(app);
    if (!host_ || member == members_.end() || of == nullptr) return;
    const fleet::ToAgent news = fleet::LocalNews{app, member->second.local(*of)};
    const std::string text = fleet::encode(news);
    if (told_[app] == text) return;
    if (host_->send(news)) told_[app] = text;
}

bool FleetDesk::saw(const AppName& app, const CommitId& tip) {
    if (!has(app)) return false;
    // One host of the group looks for all of them.
    if (!state_.controls) return true;
    const auto before = tips_.find(app);
    if (before != tips_.end() && before->second == tip) return true;
    core::Proposal proposal{.id = proposal_id("poll", tip.hex()),
                            .trigger = core::Trigger::poll,
                            .commit = tip,
                            .at = wall_now()};
    propose(app, std::move(proposal), [this, app, tip](bool kept, const std::string&) {
        if (kept) tips_.insert_or_assign(app, tip);
    });
    return true;
}

void FleetDesk::propose(const AppName& app, core::Proposal proposal, OnKept done) {
    const std::uint64_t seq = ++last_seq_;
    const bool sent = host_ && host_->send(fleet::ProposeAsk{seq, app, std::move(proposal)});
    proposals_.emplace(seq, Waiter{std::move(done), site_.loop.after(patience(sent), [this, seq] {
                                       take(fleet::Proposed{seq, fleet::Proposed::Kind::away,
                                                            "the fleet's agent doesn't answer"});
                                   })});
}

void FleetDesk::look(OnSeen done) {
    if (!site_.config.fleet) {
        return site_.loop.defer([done = std::move(done)] { done(std::string(kNoGroup)); });
    }
    const std::uint64_t seq = ++last_seq_;
    const bool sent = host_ && host_->send(fleet::GroupAsk{seq});
    const std::string why =
        sent ? "the fleet's agent doesn't answer" : "the fleet's agent doesn't run";
    onlookers_.emplace(seq,
                       Onlooker{std::move(done), site_.loop.after(patience(sent), [this, seq, why] {
                                    take(fleet::GroupTold{seq, {}, why});
                                })});
}

void FleetDesk::take(fleet::FromAgent message) {
    std::visit([this](const auto& one) { take(one); }, message);
}

void FleetDesk::take(const fleet::AgentLog& log) {
    site_.log.write(log.level, log.app.empty() ? "fleet" : log.app, log.text);
}

void FleetDesk::take(const fleet::AgentState& state) {
    const bool was = state_.connected;
    const bool controlled = state_.controls;
    state_ = state;
    if (state.connected && !was) site_.log.info("fleet", "connected to etcd");
    if (!state.connected && was) {
        site_.log.warn("fleet",
                       "not connected to etcd: the apps run on, and nothing new is deployed" +
                           (state.trouble.empty() ? "" : " (" + state.trouble + ")"));
    }
    // What was pushed while nobody looked.
    if (!state.controls || controlled) return;
    tips_.clear();
    for (const auto& [app, member] : members_) {
        if (AppService* of = service(app)) of->look_at_remote();
    }
}

void FleetDesk::take(const fleet::DeployAsk& ask) {
    const auto member = members_.find(ask.app);
    AppService* of = service(ask.app);
    if (member == members_.end() || of == nullptr) return;
    member->second.deploy(*of, ask.deploy);
    changed(ask.app);
}

void FleetDesk::take(const fleet::WithdrawAsk& ask) {
    const auto member = members_.find(ask.app);
    AppService* of = service(ask.app);
    if (member == members_.end() || of == nullptr) return;
    member->second.withdraw(*of, ask.order);
    changed(ask.app);
}

void FleetDesk::take(const fleet::Proposed& proposed) {
    auto found = proposals_.extract(proposed.seq);
    if (found.empty()) return;
    found.mapped().done(proposed.kind != fleet::Proposed::Kind::away, proposed.reason);
}

void FleetDesk::take(const fleet::GroupTold& told) {
    auto found = onlookers_.extract(told.seq);
    if (found.empty()) return;
    if (told.json.empty()) return found.mapped().done(Error{told.why_not, {}});
    found.mapped().done(told.json);
}

// The controller asks what only a mirror can tell: the same fetch as of a deployment.
void FleetDesk::take(const fleet::FactsAsk& ask) {
    const AppService* of = service(ask.question.app);
    if (of == nullptr) {
        if (host_) host_->send(fleet::FactsTold{ask.seq, std::nullopt});
        return;
    }
    const config::App& app = of->app();
    std::vector<CommitId> candidates;
    if (ask.question.request.commit) candidates.push_back(*ask.question.request.commit);
    for (const auto& other : ask.question.request.over) candidates.push_back(other.commit);
    auto& session = questions_[ask.seq].session;
    session = git::Session::open(site_.loop, site_.reaper, site_.program, of->remote());
    session->fetch(
        {candidates, ask.question.live, app.paths, app.repository, BootClock::now()},
        [this, seq = ask.seq, name = app.name.str()](git::GitResult<git::FetchResult> result) {
            fleet::FactsTold told{seq, std::nullopt};
            if (result.value) {
                told.facts = facts_of(*result.value);
            } else {
                site_.log.warn(name,
                               "the fleet's controller could not look into the "
                               "repository: " +
                                   result.error.error.text());
            }
            if (host_) host_->send(told);
            // Not from inside of its own call.
            site_.loop.defer([alive = std::weak_ptr(alive_), this, seq] {
                if (alive.lock()) questions_.erase(seq);
            });
        });
}

}  // namespace lastgood::daemon
