#include "daemon/news_desk.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "daemon/machine_name.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/notify/parcel.h"

namespace lastgood::daemon {
namespace {

using core::NewsKind;
using notify::Message;

std::string hex_time(WallTime time) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(),
                                   time.time_since_epoch().count(), 16);
    return {digits.data(), end.ptr};
}

// The release that was good before `commit`, and may be gone back to.
std::string good_before(const core::AppState& state, const std::string& commit) {
    for (const auto& good : state.good) {
        if (good.hex() != commit && !state.is_quarantined(good)) return good.hex();
    }
    return {};
}

}  // namespace

NewsDesk::NewsDesk(const config::Config& config, store::Journal& journal,
                   std::function<void()> on_written,
                   std::function<void(const std::string&, const std::string&)> on_lost)
    : config_(config),
      journal_(journal),
      host_(machine_name()),
      on_written_(std::move(on_written)),
      on_lost_(std::move(on_lost)) {}

std::vector<core::News> NewsDesk::wanted(const AppName& app, std::vector<core::News> news) const {
    const config::App* found = config_.find(app);
    if (found == nullptr) return {};
    std::erase_if(news, [found](const core::News& one) {
        if (found->status) return false;  // looked at closer when the message is made
        return std::none_of(found->notify.begin(), found->notify.end(),
                            [&one](const auto& target) { return target.wants(one.kind); });
    });
    return news;
}

Expected<Message> NewsDesk::message_of(const AppName& app, const core::AppState* state,
                                       const core::News& news, WallTime now) {
    Message message;
    message.kind = news.kind;
    message.at = now;
    message.host = host_;
    message.app = app.str();
    message.reason = to_utf8(news.reason).substr(0, limits::kReasonBytesMax);
    message.deployment = news.deployment.value;
    if (news.commit) message.commit = news.commit->hex();
    if (news.back_to) message.back_to = news.back_to->hex();
    WallTime since = now;
    if (news.deployment) {
        auto found = journal_.deployment(news.deployment);
        if (!found) return found.error();
        if (*found) {
            const store::DeploymentRow& row = **found;
            since = row.started_at;
            message.commit = row.commit;
            message.trigger = row.trigger;
            message.by = row.by;
            message.phase = row.phase;
        }
    }
    if (const auto commit = CommitId::parse(message.commit)) {
        auto release = journal_.release(app, *commit);
        if (!release) return release.error();
        if (*release) {
            message.subject = (*release)->subject;
            message.author = (*release)->author;
        }
    }
    if (state != nullptr && news.kind == NewsKind::good) {
        message.previous = good_before(*state, message.commit);
    }
    if (const config::App* found = config_.find(app)) {
        if (!found->followed.by_tags()) message.ref = found->followed.branch;
    }
    if (message.back_to == message.commit) message.back_to.clear();
    const std::string which =
        news.deployment ? std::to_string(news.deployment.value) : message.commit.substr(0, 7);
    message.id = app.str() + "." + (which.empty() ? "app" : which) + "." +
                 std::string(core::to_string(news.kind)) + "." + hex_time(since);
    return message;
}

Expected<void> NewsDesk::add(const Message& message, const std::string& target) {
    store::OutboxRow row;
    row.id = message.id;
    row.app = message.app;
    row.target = target;
    row.event = core::to_string(message.kind);
    row.message = notify::encode_message(message);
    row.made_at = row.due_at = message.at;
    auto added = journal_.add_message(row);
    if (!added) return added.error();
    if (*added) on_lost_(row.app, row.target);
    return {};
}

Expected<void> NewsDesk::write(const AppName& app, const core::AppState* state,
                               const std::vector<core::News>& news, WallTime now) {
    const config::App* found = config_.find(app);
    if (found == nullptr) return {};
    for (const core::News& one : news) {
        auto message = message_of(app, state, one, now);
        if (!message) return message.error();
        for (const auto& target : found->notify) {
            if (!target.wants(one.kind)) continue;
            if (auto added = add(*message, target.name); !added) return added;
        }
        if (!found->status || !notify::is_for_forge(*message)) continue;
        if (auto added = add(*message, std::string(config::kForgeTarget)); !added) return added;
    }
    on_written_();
    return {};
}

}  // namespace lastgood::daemon
