// Who may come in by admin.listen: a token in `Authorization`, or a session that one began.
//
//     Authorization: Bearer TOKEN     scripts; no browser sends it by itself, so nothing is forged
//     POST   /v1/session              {"token", "name"?} → the cookie, and the session's key
//     GET    /v1/session              who that is
//     DELETE /v1/session              sign out
//
// A request with the cookie counts with the session's key beside it (sessions.h), and only from the
// page itself: another site's is refused by what the browser says of its origin. Wrong tokens are
// counted by address, the one that a trusted proxy names, and too many bar the address from trying,
// not from its sessions. Whoever is on a trusted network may name any address, and so is not held
// up.
//
// A name that an attacker has lead to this address (DNS rebinding) gets a page of ours and no
// cookie: that is bound to the name it was given to. So the Host header needs no rule.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "control/sessions.h"
#include "lastgood/control/admin.h"
#include "lastgood/control/role.h"
#include "lastgood/http/bad_senders.h"
#include "lastgood/http/message.h"

namespace lastgood::control {

constexpr std::string_view kSessionPath = "/v1/session";
constexpr std::string_view kKeyHeader = "x-lastgood-key";

class Gate {
  public:
    // `port`: of the cookie's name, so that two daemons on one host don't sign each other out.
    explicit Gate(std::uint16_t port);

    void set(const AdminSettings& settings);

    // Who asks, or the answer that they get instead.
    std::variant<Asker, http::Response> let_in(const http::Request& request, Instant now);
    // What comes to kSessionPath.
    http::Response session(const http::Request& request, Instant now);
    // Would that request still be let in? Of one that was, for an answer without end.
    [[nodiscard]] bool still_lets_in(const http::Request& request, Instant now) const;

    [[nodiscard]] const Sessions& sessions() const { return sessions_; }

  private:
    [[nodiscard]] Role role_of(std::string_view token) const;
    std::variant<Asker, http::Response> by_token(const http::Request& request,
                                                 std::string_view token, Instant now);
    http::Response sign_in(const http::Request& request, Instant now);
    // Whose tries count together; nothing where the peer has no address.
    [[nodiscard]] std::optional<IpAddress> sender(const http::Request& request) const;
    [[nodiscard]] bool is_barred(const http::Request& request, Instant now) const;
    void count_wrong(const http::Request& request, Instant now);
    [[nodiscard]] std::string cookie(const http::Request& request, const std::string& value,
                                     Millis age) const;

    const std::string cookie_name_;
    std::vector<std::string> tokens_;
    std::vector<std::string> read_tokens_;
    std::vector<Network> trusted_proxies_;
    bool tls_ = false;
    Sessions sessions_;
    http::BadSenders wrong_;
};

// Of the Cookie headers: the value of the first with that name; empty where there is none.
std::string cookie_value(const http::Request& request, std::string_view name);

// Does the browser say that another site sent this?
bool is_from_elsewhere(const http::Request& request);

// Of "Authorization: Bearer TOKEN"; nothing for another scheme, or none.
std::optional<std::string> bearer_token(const http::Request& request);

}  // namespace lastgood::control
