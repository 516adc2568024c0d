// With `promote`: what waits for the other app, and what that one has proved.
#include "core/machine_impl.h"

namespace lastgood::core {

// By itself, or by an operator without force.
bool Machine::needs_proof(const Request& request) const {
    const bool by_operator = request.trigger == Trigger::cli && !request.force;
    return settings_.promotion &&
           LASTGOOD_MUTANT(proof_not_needed, is_automatic(request.trigger) || by_operator,
                           by_operator);
}

// Why the commit may not go live yet; empty: it may.
std::string Machine::why_it_waits(const Request& request, const CommitId& commit) const {
    if (!needs_proof(request)) return {};
    static const Standing unknown;
    const Standing& there = context_.promoted_from != nullptr ? *context_.promoted_from : unknown;
    const std::string why = why_unproved(*settings_.promotion, there, commit, context_.now);
    if (why.empty()) return {};
    return "commit " + commit.short_hex() + " waits for " + settings_.promotion->from + ": " + why +
           (is_automatic(request.trigger) ? "" : "; to deploy it all the same use --force");
}

// The branch has moved on to a commit that isn't proved: it may hold now what was proved before.
void Machine::wait_for_proof(const CommitId& commit) {
    if (s_.waits_for != commit && s_.promoted_off_branch) {
        s_.promoted.reset();
        s_.promoted_off_branch = false;
    }
    s_.waits_for = commit;
    promote_proved();
}

// What the other app proved, and had no turn here yet.
std::vector<CommitId> Machine::proved_now() const {
    if (!settings_.promotion || context_.promoted_from == nullptr) return {};
    return promotable(s_, *settings_.promotion, *context_.promoted_from, context_.now);
}

void Machine::promote_proved() {
    const auto proved = proved_now();
    if (proved.empty()) return;
    Request request;
    request.trigger = Trigger::promote;
    request.commit = proved.front();
    for (auto older = proved.begin() + 1; older != proved.end(); ++older) {
        request.over.push_back({*older, {}});
    }
    on(RequestArrived{std::move(request)});  // refused: paused, or on its way already
}

// Had its turn, whoever told of it.
void Machine::taken_as_proved(const CommitId& commit) {
    const auto proved = proved_now();
    if (proved.empty() || proved.front() != commit) return;
    s_.promoted = commit;
    s_.promoted_off_branch = false;
}

void Machine::on(const PromotionDue&) {
    accept("ignored", "nothing was proved");
    promote_proved();
}

// Of several wishes those that lost their proof meanwhile are dropped.
void Machine::keep_proved(Deployment& deployment) const {
    Request& request = deployment.request;
    const auto lost = [&](const CommitId& commit) {
        return !why_it_waits(request, commit).empty();
    };
    std::erase_if(request.over, [&](const Candidate& one) { return lost(one.commit); });
    if (!request.commit || request.over.empty() || !lost(*request.commit)) return;
    request.commit = request.over.front().commit;
    request.delivery = request.over.front().delivery;
    request.over.erase(request.over.begin());
    deployment.commit = request.commit;
}

// The branch doesn't hold what the other app proved.
void Machine::not_promoted(const std::string& reason) {
    s_.promoted_off_branch = true;
    end_work(Outcome::cancelled, reason + "; it was proved by " + settings_.promotion->from +
                                     ", and goes live when it is");
}

// The work's commit is not, or no longer, proved.
void Machine::leave_unproved(const CommitId& commit, const std::string& reason) {
    const Request request = s_.work->request;
    if (!request.delivery.empty()) {
        record(DeliveryRedecided{request.delivery, "ignored", reason});
    }
    s_.waits_for = commit;
    // Others, which this one took the place of, may be proved; and so may this one be once more.
    s_.promoted.reset();
    end_work(Outcome::cancelled, reason);
    promote_proved();
}

}  // namespace lastgood::core
