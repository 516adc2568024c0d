// What an answer means for the message.
#include <sys/wait.h>
#include <sysexits.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

#include "lastgood/base/http_date.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/notify/parcel.h"

namespace lastgood::notify {
namespace {

using Kind = core::Sent::Kind;

std::optional<Millis> seconds_of(double seconds) {
    constexpr double kMost = 1e9;
    if (!(seconds >= 0) || seconds > kMost) return std::nullopt;
    return Millis(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

// Seconds, of which Discord sends fractions, or a date.
std::optional<Millis> retry_after(const std::string& text, WallTime now) {
    double seconds = 0;
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, seconds);
    if (failure == std::errc{} && stop == end) return seconds_of(seconds);
    const auto date = parse_http_date(text);
    if (!date) return std::nullopt;
    return std::max(Millis(0), *date - now);
}

// Matrix says it in the body.
std::optional<Millis> pause_in_body(const std::string& body) {
    const auto json = nlohmann::json::parse(body, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    const auto found = json.find("retry_after_ms");
    if (found == json.end() || !found->is_number()) return std::nullopt;
    return seconds_of(found->get<double>() / 1000);
}

std::optional<Millis> asked_pause(const forge::ApiAnswer& answer, WallTime now) {
    const std::string header(trim(answer.header("retry-after")));
    if (!header.empty()) return retry_after(header, now);
    return pause_in_body(answer.body);
}

std::string words(const forge::ApiAnswer& answer) {
    constexpr std::size_t kWordsMax = 200;
    const std::string body = printable(trim(answer.body), kWordsMax);
    return "it answered " + std::to_string(answer.status) + (body.empty() ? "" : ": " + body);
}

}  // namespace

core::Sent judge_answer(const forge::ApiAnswer& answer, WallTime now) {
    if (answer.good()) return {Kind::delivered, {}, {}};
    const int status = answer.status;
    const bool again = status == 408 || status == 425 || status == 429 || status >= 500;
    if (again) return {Kind::again, words(answer), asked_pause(answer, now)};
    if (status >= 300 && status < 400) {
        return {Kind::never,
                words(answer) + " and sends elsewhere, which isn't followed: give its own address",
                {}};
    }
    return {Kind::never, words(answer), {}};
}

core::Sent judge_exit(const ProgramParcel& parcel, int wait_status, const std::string& said) {
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) return {Kind::delivered, {}, {}};
    std::string why = parcel.argv.front() + " " + sys::describe_wait_status(wait_status);
    if (!said.empty()) why += ": " + printable(said, 300);
    Kind kind = Kind::again;
    if (parcel.is_sendmail && WIFEXITED(wait_status)) {
        switch (WEXITSTATUS(wait_status)) {
            case EX_USAGE:
            case EX_DATAERR:
            case EX_NOUSER:
            case EX_NOHOST:
                kind = Kind::never;
                break;
            default:
                break;
        }
    }
    return {kind, std::move(why), {}};
}

}  // namespace lastgood::notify
