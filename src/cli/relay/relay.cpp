// relay: takes webhooks from a relay's event stream, for a server that no forge can reach.
#include <thread>
#include <utility>

#include "cli/event_reader.h"
#include "cli/exit_code.h"
#include "cli/forge_session.h"
#include "cli/relay/courier.h"
#include "cli/verbs.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

class Listener {
  public:
    Listener(Url from, Courier& courier, const std::string& ca_file)
        : from_(std::move(from)), courier_(courier), options_(remote_options(ca_file)) {
        options_.silence = limits::kRelaySilenceMax;
        options_.whole_time = limits::kRelayConnectionMax;
    }

    // One connection, until it ends.
    void listen();
    // Something came: the relay is there.
    [[nodiscard]] bool heard() const { return heard_; }

  private:
    bool take(const ServerEvent& event);

    Url from_;
    Courier& courier_;
    http::RemoteOptions options_;
    std::string last_id_;
    bool heard_ = false;
};

bool Listener::take(const ServerEvent& event) {
    if (!std::exchange(heard_, true)) {
        print("connected to " + printable(from_.authority()) + "\n");
    }
    // What smee and its kin say beside it: ready, ping.
    if (!event.type.empty() && event.type != "message") return true;
    const auto request = read_message(event.data);
    if (request) {
        courier_.bring(*request);
    } else if (event.data != "{}") {
        complain(Error{"left out " + request.error().what, request.error().mend});
    }
    return true;
}

void Listener::listen() {
    heard_ = false;
    EventReader reader(limits::kRelayEventBytesMax);
    bool fits = true;
    http::RemoteRequest asked{"GET", from_, {{"accept", "text/event-stream"}}, {}};
    asked.headers.emplace_back("user-agent", user_agent());
    if (!last_id_.empty()) asked.headers.emplace_back("last-event-id", last_id_);
    options_.on_body = [&](std::string_view bytes) {
        fits = reader.feed(bytes, [this](const ServerEvent& event) { return take(event); });
        return fits;
    };
    const auto result = http::send_remote(asked, options_);
    last_id_ = reader.last_id();
    const std::string who = from_.authority();
    if (!fits) {
        complain(Error{who + " sends an event larger than " +
                           format_size(limits::kRelayEventBytesMax) + ": left out",
                       {}});
    } else if (const auto* failure = std::get_if<http::RemoteFailure>(&result)) {
        complain(failure->error);
    } else if (const auto& answer = std::get<http::RemoteAnswer>(result); answer.status != 200) {
        complain(Error{who + " answers " + std::to_string(answer.status) + ", and no event stream",
                       "check the relay's address"});
    } else {
        complain(who + " ended the connection");
    }
}

Expected<Url> url_of(const std::string& name, const std::string& text) {
    auto url = parse_url(text);
    if (!url) return Error{name + ": " + url.error().what, url.error().mend};
    return url;
}

}  // namespace

int relay(const RelayArgs& args) {
    const auto from = url_of("URL", args.from);
    if (!from) return refuse(from.error(), kUsage);
    const auto to = url_of("--to", args.to);
    if (!to) return refuse(to.error(), kUsage);
    if (to->path() != "/hooks" && !to->path().starts_with("/hooks/")) {
        return refuse(Error{"--to: " + args.to + " is no hook of a receiver",
                            "give it as http://127.0.0.1:8787/hooks/APP"},
                      kUsage);
    }
    Courier courier(*to, args.ca_file);
    Listener listener(*from, courier, args.ca_file);
    Random random(static_cast<std::uint64_t>(wall_now().time_since_epoch().count()));
    for (int failures = 0;;) {
        listener.listen();
        failures = listener.heard() ? 1 : failures + 1;
        std::this_thread::sleep_for(relay_pause(failures, random));
    }
}

}  // namespace lastgood::cli
