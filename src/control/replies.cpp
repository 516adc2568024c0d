#include "control/replies.h"

#include <charconv>

#include "control/row_json.h"

namespace lastgood::control {

http::Response reply(int status, std::string json) {
    http::Response response;
    response.status = status;
    response.body = std::move(json);
    return response;
}

http::Response fault(int status, const std::string& text) {
    return reply(status, error_json(text));
}

http::Response reply(const Outcome& outcome) {
    switch (outcome.kind) {
        case Outcome::Kind::done:
            return reply(outcome.deployment ? 202 : 200, to_json(outcome));
        case Outcome::Kind::refused:
            return reply(409, error_json(outcome.reason, true));
        case Outcome::Kind::unknown_app:
            return fault(404, outcome.reason);
        case Outcome::Kind::invalid:
            return fault(400, outcome.reason);
        case Outcome::Kind::unavailable:
            return fault(503, outcome.reason);
    }
    return fault(500, "unknown outcome");
}

http::Response only(const std::string& methods) {
    http::Response response = fault(405, "use " + methods);
    response.headers.emplace_back("Allow", methods);
    return response;
}

std::optional<std::int64_t> parse_number(std::string_view text, std::int64_t least,
                                         std::int64_t most) {
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (value < least || value > most) return std::nullopt;
    return value;
}

}  // namespace lastgood::control
