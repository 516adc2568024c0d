#include "cli/relay/courier.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "cli/context.h"
#include "cli/forge_session.h"
#include "cli/webhook_json.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

std::string why_refused(const RelayedRequest& request) {
    if (request.raw) {
        return "the secret at the forge is another one than the app's, or somebody else sent it to "
               "the relay";
    }
    return "the secret at the forge is another one than the app's, somebody else sent it to the "
           "relay, or the relay has changed the body (this one keeps no raw bytes). If `lastgood "
           "webhook test` is fine and other deliveries pass, it is the body: the poller finds the "
           "commit all the same, and a relay that keeps the bytes (`rawBody`) mends it";
}

CourierVerdict verdict_of_failure(const http::RemoteFailure& failure) {
    using Kind = http::RemoteFailure::Kind;
    const bool away = failure.kind == Kind::refused || failure.kind == Kind::timed_out ||
                      failure.kind == Kind::unreachable || failure.kind == Kind::broken;
    return {away, failure.error.what, failure.error.mend};
}

}  // namespace

CourierVerdict verdict_of(const RelayedRequest& request, const http::RemoteAnswer& answer) {
    const std::string code = std::to_string(answer.status);
    if (answer.status == 200 || answer.status == 202) {
        const auto ours = parse_receiver_answer(answer.body);
        if (!ours) {
            return {false, code + ", but no receiver of lastgood", "check --to"};
        }
        return {false,
                code + " " + ours->status + (ours->reason.empty() ? "" : ": " + ours->reason),
                {}};
    }
    if (answer.status == 401) return {false, "401 refused", why_refused(request)};
    if (answer.status == 429) {
        return {true, "429 too many bad requests came by way of this relay", {}};
    }
    if (answer.status >= 500) return {true, code + " the receiver can't record it now", {}};
    if (answer.status == 413) return {false, "413 too large", "raise webhook.max_body"};
    return {false, code + " " + std::string(trim(answer.body)).substr(0, 200),
            "check --to: it is http://HOST:PORT/hooks/APP, or /hooks"};
}

Millis relay_pause(int failures, Random& random) {
    Millis pause = limits::kRelayRetryMin;
    for (int i = 1; i < failures && pause < limits::kRelayRetryMax; ++i) pause *= 2;
    pause = std::min(pause, limits::kRelayRetryMax);
    const auto half = static_cast<std::uint64_t>(pause.count() / 2);
    return Millis(static_cast<std::int64_t>(half + random.below(half + 1)));
}

Courier::Courier(Url to, std::string ca_file)
    : to_(std::move(to)),
      random_(static_cast<std::uint64_t>(BootClock::now().time_since_epoch().count())) {
    options_.ca_file = std::move(ca_file);  // and no proxy: it is near
}

void Courier::bring(const RelayedRequest& request) {
    http::RemoteRequest sent{"POST", to_, request.headers, request.body};
    sent.headers.emplace_back("user-agent", user_agent());
    const Instant begun = BootClock::now();
    for (int failures = 1;; ++failures) {
        const auto result = http::send_remote(sent, options_);
        const auto* failure = std::get_if<http::RemoteFailure>(&result);
        const CourierVerdict verdict =
            failure != nullptr ? verdict_of_failure(*failure)
                               : verdict_of(request, std::get<http::RemoteAnswer>(result));
        const bool again = verdict.again && BootClock::now() - begun < limits::kRelayHoldMax;
        std::string line = request.name() + ": " + verdict.text;
        const Millis pause = relay_pause(failures, random_);
        if (again) line += "; trying again in " + format_duration(pause);
        if (verdict.again && !again) line += "; given up, the poller finds its commit";
        if (verdict.mend.empty() && !verdict.again) {
            print(printable(line) + "\n");
        } else {
            complain(printable(line));
            if (!verdict.mend.empty()) complain("  " + printable(verdict.mend));
        }
        if (!again) return;
        std::this_thread::sleep_for(pause);
    }
}

}  // namespace lastgood::cli
