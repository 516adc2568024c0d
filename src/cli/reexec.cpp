// `lastgood reexec`: asks for it, and waits until the program that took the place answers.
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/daemon_api.h"
#include "cli/verbs.h"

namespace lastgood::cli {
namespace {

constexpr Millis kLookEvery{50};
constexpr Millis kWaitMax{60'000};

// Of the program that answers now; empty: none does, or it doesn't say.
std::string started_at(const Reply& reply) {
    const auto json = nlohmann::json::parse(reply.body, nullptr, false);
    return json.is_object() ? json.value("started_at", "") : "";
}

}  // namespace

int reexec(const Context& context) {
    const Reply before = ask(context, "GET", "/v1/version");
    if (!before.ok()) return fail(before);
    const Reply asked = ask(context, "POST", "/v1/reexec");
    if (!asked.ok()) return fail(asked);
    const Instant until = BootClock::now() + kWaitMax;
    while (BootClock::now() < until) {
        const Reply now = ask(context, "GET", "/v1/version");
        if (now.ok() && started_at(now) != started_at(before)) {
            print(context.json ? now.body + "\n" : "the program was replaced, the apps run on\n");
            return kDone;
        }
        std::this_thread::sleep_for(kLookEvery);
    }
    complain("the program was not replaced within " + format_duration(kWaitMax) +
             "; see why: lastgood logs");
    return kFailed;
}

}  // namespace lastgood::cli
