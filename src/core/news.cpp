#include "lastgood/core/news.h"

#include <algorithm>
#include <utility>

namespace lastgood::core {
namespace {

constexpr std::array<std::pair<NewsKind, std::string_view>, kNewsKinds.size()> kNames = {{
    {NewsKind::started, "started"},
    {NewsKind::good, "good"},
    {NewsKind::failed, "failed"},
    {NewsKind::rolled_back, "rolled_back"},
    {NewsKind::superseded, "superseded"},
    {NewsKind::cancelled, "cancelled"},
    {NewsKind::quarantined, "quarantined"},
    {NewsKind::crashed, "crashed"},
    {NewsKind::recovered, "recovered"},
    {NewsKind::fetch_failing, "fetch_failing"},
    {NewsKind::edits_rescued, "edits_rescued"},
}};

NewsKind kind_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::good:
            return NewsKind::good;
        case Outcome::failed:
            return NewsKind::failed;
        case Outcome::rolled_back:
            return NewsKind::rolled_back;
        case Outcome::superseded:
            return NewsKind::superseded;
        case Outcome::cancelled:
            return NewsKind::cancelled;
    }
    return NewsKind::failed;
}

std::optional<CommitId> way_back(const AppState& state) {
    if (state.work && is_way_back(state.work->request.trigger)) return state.work->commit;
    return state.live;
}

// Queued and over in one step: users were moved to a release that still ran.
bool is_way_back_of_step(DeploymentId id, const std::vector<Record>& records) {
    return std::any_of(records.begin(), records.end(), [id](const Record& record) {
        const auto* queued = std::get_if<DeploymentQueued>(&record);
        return queued != nullptr && queued->id == id && is_way_back(queued->request.trigger);
    });
}

struct Teller {
    const AppState& state;
    const std::vector<Record>& records;
    std::vector<News> told{};

    void operator()(const DeploymentEnded& record) {
        const bool good = record.outcome == Outcome::good;
        if (good && is_way_back_of_step(record.id, records)) return;
        told.push_back({kind_of(record.outcome), record.id, {}, record.reason, {}});
    }
    void operator()(const Quarantined& record) {
        told.push_back({NewsKind::quarantined, {}, record.commit, record.reason, {}});
    }
    void operator()(const Noticed& record) {
        told.push_back({record.kind, record.deployment, record.commit, record.reason, {}});
    }
    void operator()(const DeploymentQueued&) {}
    void operator()(const DeploymentMoved&) {}
    void operator()(const Unquarantined&) {}
    void operator()(const BecameGood&) {}
    void operator()(const DeliveryRedecided&) {}
};

}  // namespace

std::string_view to_string(NewsKind kind) {
    for (const auto& [candidate, name] : kNames) {
        if (candidate == kind) return name;
    }
    return "?";
}

std::optional<NewsKind> parse_news_kind(std::string_view text) {
    for (const auto& [kind, name] : kNames) {
        if (name == text) return kind;
    }
    return std::nullopt;
}

bool is_told_by_default(NewsKind kind) {
    switch (kind) {
        case NewsKind::good:
        case NewsKind::failed:
        case NewsKind::rolled_back:
        case NewsKind::crashed:
        case NewsKind::recovered:
        case NewsKind::fetch_failing:
        case NewsKind::edits_rescued:
            return true;
        case NewsKind::started:
        case NewsKind::superseded:
        case NewsKind::cancelled:
        case NewsKind::quarantined:
            return false;
    }
    return false;
}

std::vector<News> news_of(const AppState& state, const std::vector<Record>& records) {
    Teller teller{state, records};
    for (const Record& record : records) std::visit(teller, record);
    for (News& news : teller.told) {
        if (news.kind == NewsKind::rolled_back) news.back_to = way_back(state);
    }
    return std::move(teller.told);
}

}  // namespace lastgood::core
