#include "daemon/outbox.h"

#include <algorithm>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::daemon {

void Outbox::begin() {
    open_ = true;
    wake();
}

void Outbox::stop() {
    open_ = false;
    timer_.reset();
    sending_.clear();
}

void Outbox::wake() {
    if (open_) look_after(Millis(0));
}

void Outbox::look_after(Millis pause) {
    timer_ = site_.loop.after(pause, [this] { look(); });
}

void Outbox::look() {
    std::erase_if(unrecorded_, [this](const auto& one) { return record(one.second); });
    if (!unrecorded_.empty()) return look_after(limits::kStoreRetry);
    const auto rows = site_.journal.next_messages();
    if (!rows) {
        site_.log.error("outbox", rows.error().text());
        return look_after(limits::kNoticeRetryMin);
    }
    const WallTime now = wall_now();
    std::optional<Millis> next;
    for (const store::OutboxRow& row : *rows) {
        if (sending_.contains({row.app, row.target})) continue;
        const Millis left = row.due_at - now;
        // Longer than any pause is: the clock was set back.
        if (left <= Millis(0) || left > limits::kNoticeRetryAfterMax * 2) {
            if (sending_.size() < limits::kNotifiersAtOnce) send(row);
        } else {
            next = std::min(next.value_or(left), left);
        }
    }
    if (next) look_after(*next);
}

Expected<notify::Parcel> Outbox::parcel_of(const store::OutboxRow& row) const {
    const auto message = notify::decode_message(row.message);
    if (!message) return message.error();
    const auto name = AppName::parse(row.app);
    const config::App* app = name ? site_.config.find(*name) : nullptr;
    const Error gone{"the config has no such target any more", ""};
    if (app == nullptr) return gone;
    if (row.target == config::kForgeTarget) {
        if (!app->status) return gone;
        return notify::make_parcel(*app->status, app->webhook.provider, app->repo, *message);
    }
    const auto target = std::find_if(app->notify.begin(), app->notify.end(),
                                     [&row](const auto& one) { return one.name == row.target; });
    if (target == app->notify.end()) return gone;
    return notify::make_parcel(*target, *message, wall_now());
}

void Outbox::send(const store::OutboxRow& row) {
    const auto parcel = parcel_of(row);
    if (!parcel) {
        sent(row, {core::Sent::Kind::never, parcel.error().text(), {}});
        return;
    }
    sending_[{row.app, row.target}] = std::make_unique<notify::Sending>(
        site_.loop, site_.reaper, site_.program, *parcel, [this, row](const core::Sent& what) {
            const auto done = sending_.extract({row.app, row.target});
            sent(row, what);
        });
}

void Outbox::sent(const store::OutboxRow& row, const core::Sent& sent) {
    const std::string what = row.target + " (" + row.event + ")";
    const int tries = row.tries + 1;
    if (sent.kind == core::Sent::Kind::delivered) {
        if (row.tries > 0) {
            site_.log.info(row.app, what + ": told after " + std::to_string(tries) + " attempts");
        }
        return end({row, true, {}});
    }
    const Millis age = wall_now() - row.made_at;
    const core::Resend resend =
        core::resend(sent, tries, age, static_cast<std::uint64_t>(row.seq * 64 + tries));
    const std::string why = printable(sent.why, limits::kReasonBytesMax);
    if (resend.give_up) {
        site_.log.error(row.app, what + ": this is not told any more: " + why);
        return end({row, false, why});
    }
    const std::string again = "; trying again in " + format_duration(resend.pause);
    if (tries == 1) site_.log.warn(row.app, what + ": not told yet: " + why + again);
    const auto stored =
        site_.journal.message_failed(row.seq, tries, wall_now() + resend.pause, why);
    if (!stored) {
        site_.journal_refused();
        return look_after(limits::kNoticeRetryMin);
    }
    look_after(Millis(0));
}

void Outbox::end(Ended ended) {
    if (!record(ended)) {
        site_.journal_refused();
        unrecorded_.emplace(ended.row.seq, std::move(ended));
    }
    look_after(Millis(0));
}

bool Outbox::record(const Ended& ended) {
    return site_.journal.message_ended(ended.row, ended.delivered, ended.detail, wall_now()).ok();
}

}  // namespace lastgood::daemon
