// Redirects, and which proxy; the exchange itself is in httplib_client.cpp.
#include "lastgood/http/remote_client.h"

#include <algorithm>

#include "http/exchange.h"

namespace lastgood::http {
namespace {

// Where to ask again, as GitHub answers for a repository that was renamed. Only within the origin:
// the headers hold a token. Only with the same method: a POST must not become a GET.
std::optional<Url> redirected(const RemoteRequest& request, const RemoteAnswer& answer) {
    const bool keeps_method = answer.status == 307 || answer.status == 308;
    const bool reading = request.method == "GET" || request.method == "HEAD";
    const bool may_change = answer.status == 301 || answer.status == 302 || answer.status == 303;
    if (!keeps_method && !(may_change && reading)) return std::nullopt;
    std::string place(answer.header("location"));
    if (place.starts_with('/') && !place.starts_with("//")) place = request.url.origin() + place;
    const auto next = parse_url(place);
    if (!next || next->origin() != request.url.origin()) return std::nullopt;
    return *next;
}

}  // namespace

std::string_view RemoteAnswer::header(std::string_view name) const {
    const auto found = std::find_if(headers.begin(), headers.end(),
                                    [name](const auto& pair) { return pair.first == name; });
    return found == headers.end() ? std::string_view{} : found->second;
}

RemoteResult send_remote(const RemoteRequest& request, const RemoteOptions& options) {
    const auto proxy = proxy_for(request.url, options.variable);
    if (!proxy) return RemoteFailure{RemoteFailure::Kind::proxy, proxy.error()};
    RemoteRequest current = request;
    RemoteOptions left = options;
    const Instant deadline = BootClock::now() + options.whole_time;
    for (int hop = 0;; ++hop) {
        RemoteResult result = exchange(current, *proxy, left);
        const auto* answer = std::get_if<RemoteAnswer>(&result);
        const int hops_max = options.redirects ? limits::kRemoteRedirectsMax : 0;
        if (answer == nullptr || hop == hops_max) return result;
        auto next = redirected(current, *answer);
        if (!next) return result;
        current.url = *std::move(next);
        left.whole_time = std::max(Millis(0), deadline - BootClock::now());
    }
}

}  // namespace lastgood::http
