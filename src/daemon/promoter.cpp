#include "daemon/promoter.h"

#include <algorithm>
#include <utility>

namespace lastgood::daemon {
namespace {

constexpr int kDeploymentsLookedAt = 500;

}  // namespace

Promoter::Promoter(Site& site, const deploy::Engine& engine, std::function<void()> due)
    : site_(site), engine_(engine), due_(std::move(due)) {}

const core::Standing* Promoter::standing() const {
    return promotion() ? &standing_ : nullptr;
}

std::string Promoter::note() const {
    if (!promotion()) return {};
    return core::promotion_note(engine_.state(), *promotion(), standing_, BootClock::now());
}

std::string Promoter::trouble() const {
    if (!promotion()) return {};
    return core::promotion_trouble(engine_.state(), *promotion(), standing_);
}

// Later: the other app's step may be part of a batch that this app's machine is in, too.
void Promoter::recorded(const std::string& app) {
    if (!promotion() || promotion()->from != app || std::exchange(owed_, true)) return;
    site_.loop.defer([alive = std::weak_ptr(alive_), this] {
        if (alive.lock()) look();
    });
}

void Promoter::look() {
    owed_ = false;
    timer_.reset();
    if (!promotion()) return;
    refresh();
    tell_of_trouble();
    ask_if_due();
    if (const auto next = core::next_proof(*promotion(), standing_, BootClock::now())) {
        timer_ = site_.loop.after(*next, [this] { look(); });
    }
}

void Promoter::refresh() {
    standing_ = {};
    const auto name = AppName::parse(promotion()->from);
    const core::AppState* other = site_.state_of ? site_.state_of(promotion()->from) : nullptr;
    if (!name || other == nullptr) return;
    auto rows = site_.journal.became_good(*name, kDeploymentsLookedAt);
    if (!rows) {
        return site_.log.error(engine_.app().str(), rows.error().text());
    }
    const Instant now = BootClock::now();
    const WallTime wall = wall_now();
    std::vector<core::Standing::Good> became_good;
    auto known = std::exchange(since_, {});
    for (const auto& row : *rows) {
        const auto commit = CommitId::parse(row.commit);
        if (!commit) continue;
        const auto before = known.find(row.commit);
        const bool same = before != known.end() && before->second.first == row.at;
        const Instant since =
            same ? before->second.second : now - std::max(Millis(0), wall - row.at);
        since_[row.commit] = {row.at, since};
        became_good.push_back({*commit, since});
    }
    standing_ = core::standing_of(*other, std::move(became_good));
}

void Promoter::tell_of_trouble() {
    const std::string text = trouble();
    if (text == std::exchange(told_, text) || text.empty()) return;
    site_.log.warn(engine_.app().str(), text);
}

void Promoter::ask_if_due() {
    const auto found = core::promotable(engine_.state(), *promotion(), standing_, BootClock::now());
    if (!found.empty()) due_();
}

}  // namespace lastgood::daemon
