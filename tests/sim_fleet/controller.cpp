// The part of a host that campaigns, and leads when it was elected.
#include "sim_fleet/host.h"
#include "sim_fleet/witness.h"

namespace lastgood::sim_fleet {

void Host::campaign() {
    if (campaigning_ || !is_current()) return;
    campaigning_ = true;
    const std::string identity = name_.str() + "/" + std::to_string(life_);
    later(ground_.between(1, 300), [this, identity] {
        Transaction transaction;
        transaction.only_if = {{core::KeyComparison::Of::created, kElectionKey, 0}};
        transaction.puts = {{kElectionKey, identity, lease_}};
        call([this, transaction] { return etcd_.commit(transaction); },
             [this](Answer) { campaigning_ = false; });
    });
}

// An answer that is missing is waited for, except by eager ones: then it has to do no harm.
void Host::lead() {
    if (!controller_) return;
    if (!setup_.eager && (in_flight_ > 0 || copy_.view.revision < decided_at_)) return;
    if (in_flight_ > 4) return;
    ++ground_.counts.steps;
    const core::Controllership mine{kElectionKey, *controller_, held_until_};
    auto acts =
        core::decide(copy_.view, setup_.settings, leading_, mine, ground_.now(), ground_.wall());
    if (acts.step_down) {
        ground_.note(name_.str() + " steps down");
        controller_.reset();
        return;
    }
    for (const auto& question : acts.questions) ask(question);
    for (const auto& transaction : acts.transactions) send(transaction, copy_.view.revision);
    if (acts.again) lead_again_at(*acts.again);
    const std::string waits = acts.waits.empty() ? "" : acts.waits.begin()->second;
    if (waits != waits_ && !waits.empty()) ground_.note(name_.str() + " waits: " + waits);
    waits_ = waits;
}

void Host::lead_again_at(Instant at) {
    if (again_ && *again_ <= at && *again_ > ground_.now()) return;
    again_ = at;
    later(std::max(Millis(1), at - ground_.now()), [this] { lead(); });
}

void Host::ask(const core::FleetQuestion& question) {
    later(ground_.between(20, 1'500), [this, question, epoch = controller_] {
        if (!controller_ || controller_ != epoch) return;
        if (ground_.fault(5)) {
            core::learn_nothing(leading_, question, ground_.now());
        } else {
            core::learn(leading_, question, repository_.facts(question.request, question.live));
        }
        lead();
    });
}

void Host::send(const core::FleetTransaction& decided, Revision seen) {
    Transaction transaction;
    transaction.only_if = decided.only_if;
    for (const auto& put : decided.puts) {
        std::visit(
            [&](const auto& value) {
                transaction.puts.push_back({put.key, value, put.lease});
            },
            put.value);
    }
    transaction.removes = decided.removes;
    transaction.epoch = *controller_;
    transaction.seen = seen;
    witness_.decided(held_until_);
    ground_.counts.add(Kind::transaction);
    ++in_flight_;
    call([this, transaction] { return etcd_.commit(transaction); },
         [this, epoch = controller_](Answer answer) {
             if (!controller_ || controller_ != epoch) return;
             --in_flight_;
             if (answer.kind == Answer::Kind::done) {
                 decided_at_ = std::max(decided_at_, answer.revision);
                 return lead();
             }
             if (answer.kind == Answer::Kind::unknown) return list();
             ground_.counts.add(Kind::refused);
             later(ground_.between(50, 300), [this] { lead(); });
         });
}

}  // namespace lastgood::sim_fleet
