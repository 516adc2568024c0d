// Drives the controller of a group by hand: a view that its transactions change as etcd would,
// hosts that do what the test says, a linear history of commits a < b < c …
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/machine_fixture.h"
#include "lastgood/core/rollout.h"

namespace lastgood::core {

inline HostName host_name(const std::string& name) {
    return *HostName::parse(name);
}

class RolloutTest : public testing::Test {
  protected:
    RolloutTest() {
        view.revision = 100;
        view.cluster = 1;
        view.apps[app];
        settings.apps[app] = Settings{};
        settings.rollout.max_unavailable = {2, {}};
        settings.rollout.canary_soak = Millis(60'000);
        mine = {"election/controller", 50, now + Millis(10'000'000)};
    }

    FleetApp& keys() { return view.apps.at(app); }
    HostApp& told(const std::string& name) { return keys().hosts.at(host_name(name)).value; }
    const Rollout& rollout() { return keys().rollout->value; }
    RolloutState state() { return rollout().state; }

    HostApp& add_host(const std::string& name, const std::string& zone = {},
                      std::optional<CommitId> has = std::nullopt) {
        ++view.revision;
        HostRecord record;
        if (!zone.empty()) record.labels["zone"] = zone;
        view.hosts[host_name(name)] = {record, view.revision, view.revision, ++leases};
        HostApp word;
        word.commit = std::move(has);
        if (keys().wish) word.seen = mark(keys().wish->value);
        keys().hosts[host_name(name)] = {word, view.revision, view.revision, leases};
        return told(name);
    }
    void add_hosts(int count, char has) {
        for (int i = 1; i <= count; ++i) add_host("h" + std::to_string(i), {}, commit(has));
    }
    // Its lease has run out.
    void host_goes(const std::string& name) {
        ++view.revision;
        view.hosts.erase(host_name(name));
        keys().hosts.erase(host_name(name));
        keys().grants.erase(host_name(name));
    }

    static WishMark mark(const Wish& wish) { return {wish.number, wish.id, wish.commit, wish.at}; }

    // ---- proposals
    Proposal& propose(const std::string& id, Trigger trigger, std::optional<CommitId> of) {
        Proposal proposal;
        proposal.id = id;
        proposal.trigger = trigger;
        proposal.commit = std::move(of);
        proposal.by = "ann";
        proposal.at = WallTime(now.time_since_epoch());
        ++view.revision;
        keys().proposals[id] = {proposal, view.revision, view.revision, 0};
        return keys().proposals[id].value;
    }
    void push(char letter) {
        tip = std::max(tip, letter);
        propose(std::string("push-") + letter, Trigger::webhook, commit(letter));
    }
    // The group has it already, everywhere.
    void start_with(char letter, int hosts) {
        add_hosts(hosts, letter);
        tip = letter;
        keys().good = {FleetGood{commit(letter), {}, {}}, 90, 90, 0};
    }
    std::string decision(const std::string& id) {
        for (const auto& [number, entry] : keys().history) {
            if (entry.value.id == id) return entry.value.decision;
        }
        return "none";
    }

    // ---- the controller
    const FleetActs& look() {
        acts = decide(view, settings, memory, mine, now, WallTime(now.time_since_epoch()));
        for (const auto& transaction : acts.transactions) apply(transaction);
        return acts;
    }
    // Until it does nothing more; questions are answered.
    void settle() {
        for (int i = 0; i < 100; ++i) {
            look();
            for (const auto& question : acts.questions) learn(memory, question, facts(question));
            if (acts.transactions.empty() && acts.questions.empty()) return;
        }
        FAIL() << "the controller never comes to rest";
    }
    void pass(Millis time) { now += time; }

    FetchFacts facts(const FleetQuestion& question) const {
        FetchFacts facts;
        facts.tip = commit(tip);
        facts.live_known = question.live.has_value();
        std::vector<CommitId> asked = {question.request.commit.value_or(commit(tip))};
        for (const auto& older : question.request.over) asked.push_back(older.commit);
        for (const auto& one : asked) {
            CommitStanding standing{.commit = one};
            standing.present = one != absent;
            standing.is_commit = true;
            standing.on_branch = one.hex() <= commit(tip).hex();
            standing.ancestor_of_live = question.live && one.hex() < question.live->hex();
            for (const auto& against : asked) {
                standing.ancestor_of.push_back(one.hex() < against.hex());
            }
            facts.standings.push_back(std::move(standing));
        }
        return facts;
    }

    // ---- hosts
    std::vector<std::string> granted() {
        std::vector<std::string> names;
        for (const auto& [host, grant] : keys().grants) names.push_back(host.str());
        return names;
    }
    const Grant* grant(const std::string& name) {
        const auto found = keys().grants.find(host_name(name));
        return found == keys().grants.end() ? nullptr : &found->second.value;
    }
    void put_grant(const std::string& name, const Grant& grant, LeaseId lease) {
        keys().grants.insert_or_assign(host_name(name),
                                       Kept<Grant>{grant, view.revision, view.revision, lease});
    }
    // It takes up its grant, which ends so.
    void end(const std::string& name, GrantOutcome outcome, const std::string& reason = {}) {
        const Grant* its = grant(name);
        ASSERT_NE(its, nullptr) << name << " has no grant";
        HostApp& word = told(name);
        word.wish = its->wish;
        word.granted = its->commit;
        word.outcome = outcome;
        word.reason = reason;
        word.seen = mark(keys().wish->value);
        if (outcome == GrantOutcome::good) word.commit = its->commit;
        ++view.revision;
    }
    // Everyone with a grant is good; again and again, until nobody has one.
    void all_good() {
        for (int i = 0; i < 100 && !keys().grants.empty(); ++i) {
            for (const auto& name : granted()) end(name, GrantOutcome::good);
            settle();
        }
    }
    // The commit is pushed and goes everywhere.
    void roll_out(char letter) {
        push(letter);
        settle();
        all_good();
        pass(settings.rollout.canary_soak);
        settle();
        all_good();
        ASSERT_EQ(state(), RolloutState::done);
    }

    void apply(const FleetTransaction& transaction) {
        ++view.revision;
        for (const auto& put : transaction.puts) {
            std::visit([&](const auto& value) { store(put, value); }, put.value);
        }
        for (const auto& key : transaction.removes) remove(key);
    }

    const AppName app = *AppName::parse("web");
    FleetView view;
    FleetSettings settings;
    ControllerMemory memory;
    Controllership mine;
    FleetActs acts;
    Instant now{Millis(1'000'000)};
    char tip = 'a';
    std::optional<CommitId> absent;
    LeaseId leases = 0;

  private:
    template <typename T>
    void set(std::optional<Kept<T>>& place, const T& value) {
        const Revision created = place ? place->created : view.revision;
        place = Kept<T>{value, created, view.revision, 0};
    }
    void store(const KeyPut&, const Wish& wish) { set(keys().wish, wish); }
    void store(const KeyPut&, const Rollout& rollout) { set(keys().rollout, rollout); }
    void store(const KeyPut&, const FleetGood& good) { set(keys().good, good); }
    void store(const KeyPut& put, const BadCommit& bad) {
        keys().quarantine[*CommitId::parse(last(put.key))] = {bad, view.revision, view.revision, 0};
    }
    void store(const KeyPut& put, const Grant& grant) {
        put_grant(last(put.key), grant, put.lease);
    }
    void store(const KeyPut& put, const FleetEntry& entry) {
        keys().history[std::stoll(last(put.key))] = {entry, view.revision, view.revision, 0};
    }
    void remove(const std::string& key) {
        const std::string name = last(key);
        if (key.find("/proposals/") != std::string::npos) keys().proposals.erase(name);
        if (key.find("/grants/") != std::string::npos) keys().grants.erase(host_name(name));
        if (key.find("/history/") != std::string::npos) keys().history.erase(std::stoll(name));
        if (key.find("/quarantine/") != std::string::npos) {
            keys().quarantine.erase(*CommitId::parse(name));
        }
    }
    static std::string last(const std::string& key) { return key.substr(key.rfind('/') + 1); }
};

}  // namespace lastgood::core
