#include "notify/forge_talk.h"

#include "lastgood/base/strings.h"
#include "lastgood/forge/status.h"

namespace lastgood::notify {
namespace {

using core::NewsKind;
using core::Sent;
using forge::ApiAnswer;
using forge::ApiRequest;
using forge::CommitState;

CommitState state_of(NewsKind kind) {
    switch (kind) {
        case NewsKind::started:
            return CommitState::pending;
        case NewsKind::good:
            return CommitState::success;
        case NewsKind::superseded:
        case NewsKind::cancelled:
            return CommitState::left_out;
        case NewsKind::failed:
        case NewsKind::rolled_back:
        case NewsKind::quarantined:
        case NewsKind::crashed:
        case NewsKind::recovered:
        case NewsKind::fetch_failing:
        case NewsKind::edits_rescued:
            break;
    }
    return CommitState::failure;
}

std::string text_of(const Message& message) {
    const std::string because = message.reason.empty() ? "" : ": " + message.reason;
    switch (message.kind) {
        case NewsKind::started:
            return "Being deployed";
        case NewsKind::good:
            return "Live, and good";
        case NewsKind::rolled_back:
            return "Rolled back" + because;
        case NewsKind::superseded:
        case NewsKind::cancelled:
            return "Not deployed" + because;
        case NewsKind::failed:
        case NewsKind::quarantined:
        case NewsKind::crashed:
        case NewsKind::recovered:
        case NewsKind::fetch_failing:
        case NewsKind::edits_rescued:
            break;
    }
    return "Failed" + because;
}

class ForgeTalk {
  public:
    ForgeTalk(const ForgeParcel& parcel, const Exchange& exchange, WallTime now)
        : parcel_(parcel), exchange_(exchange), now_(now) {}

    Sent tell() {
        const Message& message = parcel_.message;
        forge::StatusWish wish{message.commit,         state_of(message.kind),     text_of(message),
                               parcel_.status.context, parcel_.status.environment, message.ref,
                               parcel_.status.url};
        if (!ask(forge::set_status(parcel_.place, token(), wish))) return failure_;
        const bool records = forge::has_records(parcel_.place.provider);
        if (wish.environment.empty() || !records) return delivered();
        if (!record(wish, true)) return failure_;
        if (message.kind != NewsKind::good || message.previous.empty()) return delivered();
        wish.commit = message.previous;
        wish.state = CommitState::inactive;
        wish.text = "Another release took its place";
        return record(wish, false) ? delivered() : failure_;
    }

  private:
    static Sent delivered() { return {Sent::Kind::delivered, {}, {}}; }
    [[nodiscard]] const std::string& token() const { return parcel_.status.token; }

    // False: failure_ says why.
    bool record(const forge::StatusWish& wish, bool make) {
        const auto& place = parcel_.place;
        if (!ask(forge::find_record(place, token(), wish))) return false;
        forge::Record found = forge::found_record(place, answer_, wish);
        if (found.id.empty() && !make) return true;
        if (found.id.empty()) {
            if (!ask(forge::make_record(place, token(), wish))) return false;
            found = forge::made_record(place, answer_);
        }
        if (found.id.empty()) {
            failure_ = {Sent::Kind::never, "the forge's answer is not understood", {}};
            return false;
        }
        return forge::is_marked(place, found, wish) ||
               ask(forge::mark_record(place, token(), found.id, wish));
    }

    bool ask(const ApiRequest& request) {
        auto result = exchange_(request, parcel_.status.ca_file);
        if (auto* failed = std::get_if<Sent>(&result)) {
            failure_ = std::move(*failed);
            return false;
        }
        answer_ = std::get<ApiAnswer>(std::move(result));
        failure_ = judged();
        return failure_.kind == Sent::Kind::delivered;
    }

    [[nodiscard]] Sent judged() const {
        if (auto special = forge::judge_status(parcel_.place, answer_, now_)) return *special;
        Sent sent = judge_answer(answer_, now_);
        if (sent.kind == Sent::Kind::delivered) return sent;
        const std::string words = forge::words_of(answer_);
        sent.why = parcel_.place.site + " answered " + std::to_string(answer_.status) +
                   (words.empty() ? "" : ": " + words);
        const bool token_fault =
            answer_.status == 401 || answer_.status == 403 || answer_.status == 404;
        if (token_fault) sent.why += "; " + forge::status_token_hint(parcel_.place);
        return sent;
    }

    const ForgeParcel& parcel_;
    const Exchange& exchange_;
    const WallTime now_;
    ApiAnswer answer_;
    Sent failure_;
};

}  // namespace

Sent tell_forge(const ForgeParcel& parcel, const Exchange& exchange, WallTime now) {
    return ForgeTalk(parcel, exchange, now).tell();
}

}  // namespace lastgood::notify
