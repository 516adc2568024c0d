// webhook test: a signed ping through the real front door.
#include <algorithm>
#include <thread>

#include "cli/answers.h"
#include "cli/daemon_api.h"
#include "cli/exit_code.h"
#include "cli/forge_session.h"
#include "cli/verbs.h"
#include "cli/webhook_json.h"
#include "lastgood/base/secret.h"
#include "lastgood/base/strings.h"
#include "lastgood/forge/sign.h"

namespace lastgood::cli {
namespace {

using Kind = http::RemoteFailure::Kind;

constexpr Millis kRelayPatience{10'000};
constexpr Millis kAskAgain{200};

// Never seen before: a known one would be a duplicate.
std::string fresh_id() {
    return "lastgood-test-" + random_hex(16);
}

std::string mend_of(const http::RemoteFailure& failure, const std::string& url) {
    switch (failure.kind) {
        case Kind::name:
            return "make a DNS record for it, or correct webhook.public_url";
        case Kind::refused:
            return "check that the daemon runs (lastgood status), webhook.listen, and what "
                   "forwards "
                   "to it";
        case Kind::unreachable:
        case Kind::timed_out:
            return "check the firewall of this server and of its provider, and what forwards to "
                   "webhook.listen; some networks don't let a machine reach its own public address";
        case Kind::certificate:
            return failure.error.mend + "; a forge would not send either";
        case Kind::tls:
            return "check that TLS is set up where " + url + " ends";
        case Kind::proxy:
        case Kind::too_large:
        case Kind::broken:
            break;
    }
    return failure.error.mend;
}

void judge_failure(const http::RemoteFailure& failure, Tested& tested) {
    tested.meaning = failure.error.what;
    tested.mend = mend_of(failure, tested.url);
}

// What the receiver answers; anything else is somebody else's.
void judge_answer(const AppSetup& setup, const http::RemoteAnswer& answer, Tested& tested) {
    tested.status = answer.status;
    tested.answer = std::string(trim(answer.body)).substr(0, 500);
    const auto ours = parse_receiver_answer(answer.body);
    const bool taken = ours && (ours->status == "ignored" || ours->status == "accepted");
    if ((answer.status == 200 || answer.status == 202) && taken) {
        tested.good = true;
        tested.meaning = "the receiver took it: " +
                         (ours->reason.empty() ? ours->status : ours->status + ", " + ours->reason);
        return;
    }
    const std::string code = std::to_string(answer.status);
    if (answer.status == 401) {
        tested.meaning = "the receiver refused the signature (401)";
        tested.mend = "the running daemon has another secret than " + setup.secret_place() +
                      ", or doesn't know the app: systemctl reload lastgood; or something on the "
                      "way changes the body";
    } else if (answer.status == 503) {
        tested.meaning = "the receiver can't record deliveries now (503)";
        tested.mend = "see why: lastgood status, and the daemon's log";
    } else if (answer.status == 429) {
        tested.meaning = "the receiver refuses this address for a while (429)";
        tested.mend = "too many bad requests came from it; wait a minute";
    } else if (answer.status >= 300 && answer.status < 400) {
        tested.meaning = "the address sends elsewhere (" + code + ")";
        tested.mend = "forges don't follow that: set webhook.public_url to where it leads: " +
                      std::string(answer.header("location"));
    } else if (answer.status == 502 || answer.status == 504) {
        tested.meaning = "what stands in front of the receiver can't reach it (" + code + ")";
        tested.mend = "check that the daemon runs, and where the proxy forwards to";
    } else {
        tested.meaning = "another program than lastgood answers there (" + code + ")";
        tested.mend =
            "check webhook.public_url, and that POST /hooks/ is forwarded to "
            "webhook.listen unchanged";
    }
}

// A relay takes everything and answers by itself; what it was sent comes to the daemon later.
void judge_relay(const Context& context, const std::string& id, Tested& tested) {
    const std::string path = "/v1/deliveries?n=100&app=" + url_escape(tested.app);
    const Instant until = BootClock::now() + kRelayPatience;
    do {
        const Reply reply = ask(context, "GET", path);
        if (!reply.ok()) return;
        const auto rows = parse_deliveries(reply.body);
        if (!rows) return;
        const auto found = std::find_if(rows->begin(), rows->end(),
                                        [&id](const DeliveryView& row) { return row.id == id; });
        if (found != rows->end()) {
            tested.good = true;
            tested.meaning =
                "another program answers there, and passed it on: the receiver took it: " +
                found->decision + ", " + found->reason;
            tested.mend.clear();
            return;
        }
        std::this_thread::sleep_for(kAskAgain);
    } while (BootClock::now() < until);
    tested.mend += "; of a relay: that `lastgood relay` runs and says `connected`";
}

void show(const Context& context, const Tested& tested) {
    const Style& style = context.style;
    std::string text =
        style.paint(tested.good ? Tone::good : Tone::bad, tested.good ? "OK" : "FAIL");
    text += "  " + printable(tested.url) + "  ";
    text += tested.status == 0 ? "no answer" : std::to_string(tested.status);
    text += " in " + format_duration(tested.took) + "\n";
    if (!tested.answer.empty()) text += "  answer: " + printable(tested.answer) + "\n";
    text += "  " + printable(tested.meaning) + "\n";
    if (!tested.mend.empty()) text += "  " + printable(tested.mend) + "\n";
    print(text);
}

}  // namespace

int webhook_test(const Context& context, const ForgeArgs& args) {
    const auto setup = find_app(context, args.app);
    if (!setup) return refuse(setup.error(), kUsage);
    if (setup->no_secret) return refuse(*setup->no_secret, kUsage);
    const auto url = hook_url(*setup, args.url);
    if (!url) return refuse(url.error(), kUsage);
    const core::Provider provider = setup->app.webhook.provider;
    const forge::OutgoingDelivery ping{provider, setup->secret(), forge::EventKind::ping,
                                       fresh_id(), forge::ping_body(provider)};
    http::RemoteRequest request{"POST", *parse_url(*url), forge::signed_headers(ping, wall_now()),
                                ping.body};
    request.headers.emplace_back("User-Agent", user_agent());
    Tested tested{.app = setup->name(), .url = *url, .answer = {}, .meaning = {}, .mend = {}};
    const Instant begun = BootClock::now();
    const auto result = http::send_remote(request, remote_options(args.ca_file));
    tested.took = BootClock::now() - begun;
    if (const auto* failure = std::get_if<http::RemoteFailure>(&result)) {
        judge_failure(*failure, tested);
    } else {
        judge_answer(*setup, std::get<http::RemoteAnswer>(result), tested);
        const bool taken = tested.status >= 200 && tested.status < 300;
        if (taken && !tested.good) judge_relay(context, ping.id, tested);
    }
    if (context.json) {
        print(tested_json(tested) + "\n");
    } else {
        show(context, tested);
    }
    return tested.good ? kDone : kFailed;
}

}  // namespace lastgood::cli
