#include "http/head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "lastgood/base/strings.h"

namespace lastgood::http {
namespace {

using MaybeRefusal = std::optional<Refusal>;

bool is_token_byte(char c) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_byte);
}

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

// Headers that decide something: two of them, and two readers may believe two different things.
bool must_be_single(std::string_view name) {
    constexpr std::array<std::string_view, 9> kNames = {
        "host",   "content-length",    "content-type",   "content-encoding", "authorization",
        "expect", "transfer-encoding", "x-request-uuid", "x-hook-uuid"};
    constexpr std::array<std::string_view, 9> kPrefixes = {"x-hub-",    "x-github-",    "x-gitlab-",
                                                           "x-gitea-",  "x-gogs-",      "webhook",
                                                           "x-forgejo", "x-bitbucket-", "x-event-"};
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
           std::any_of(kPrefixes.begin(), kPrefixes.end(),
                       [name](std::string_view prefix) { return name.starts_with(prefix); });
}

MaybeRefusal parse_request_line(std::string_view line, Head& head) {
    constexpr std::array<std::string_view, 7> kMethods = {"GET",    "HEAD",  "POST",   "PUT",
                                                          "DELETE", "PATCH", "OPTIONS"};
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return Refusal{400, "bad request line"};
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (!is_token(method)) return Refusal{400, "bad request line"};
    const bool visible = std::all_of(target.begin(), target.end(),
                                     [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
    if (!target.starts_with('/') || !visible) return Refusal{400, "bad request target"};
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return Refusal{400, "bad HTTP version"};
    if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
        return Refusal{405, "method not allowed"};
    }
    head.method = method;
    head.target = target;
    head.minor_version = version.back() - '0';
    return std::nullopt;
}

MaybeRefusal parse_header_line(std::string_view line, Head& head) {
    const std::size_t colon = line.find(':');
    // This refuses folded lines and a space before the colon too.
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
        return Refusal{400, "bad header line"};
    }
    const std::string_view value = trim(line.substr(colon + 1));
    if (std::any_of(line.begin(), line.end(), is_control)) {
        return Refusal{400, "control byte in a header"};
    }
    std::string name = to_lower(line.substr(0, colon));
    if (must_be_single(name)) {
        for (const auto& header : head.headers) {
            if (header.first == name) return Refusal{400, "repeated header"};
        }
    }
    head.headers.emplace_back(std::move(name), value);
    return std::nullopt;
}

const std::string* find(const Head& head, std::string_view name) {
    for (const auto& header : head.headers) {
        if (header.first == name) return &header.second;
    }
    return nullptr;
}

MaybeRefusal check_length(const std::string& text, const FrontLimits& limits, Head& head) {
    const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                     [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) return Refusal{400, "bad Content-Length"};
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), head.content_length);
    if (error != std::errc() || head.content_length > limits.body_bytes) {
        return Refusal{413, "body too large"};
    }
    return std::nullopt;
}

// The rules of how the body is framed.
MaybeRefusal check_body(const FrontLimits& limits, Head& head) {
    const std::string* length = find(head, "content-length");
    if (find(head, "transfer-encoding") != nullptr) {
        if (length != nullptr) return Refusal{400, "Transfer-Encoding beside Content-Length"};
        return Refusal{411, "send a Content-Length, not Transfer-Encoding"};
    }
    const std::string* encoding = find(head, "content-encoding");
    if (encoding != nullptr && to_lower(*encoding) != "identity") {
        return Refusal{415, "send the body without Content-Encoding"};
    }
    const bool has_body = head.method == "POST" || head.method == "PUT" || head.method == "PATCH";
    if (length == nullptr) {
        if (has_body && limits.length_needed) return Refusal{411, "send a Content-Length"};
        return std::nullopt;
    }
    if (auto refusal = check_length(*length, limits, head)) return refusal;
    if (!has_body && head.content_length > 0) return Refusal{400, "no body here"};
    return std::nullopt;
}

MaybeRefusal check_connection(Head& head) {
    if (head.minor_version >= 1 && find(head, "host") == nullptr) {
        return Refusal{400, "Host missing"};
    }
    if (const std::string* expect = find(head, "expect")) {
        if (to_lower(*expect) != "100-continue") return Refusal{417, "unknown expectation"};
        head.expect_continue = head.minor_version >= 1;
    }
    head.close = head.minor_version == 0;
    for (const auto& [name, value] : head.headers) {
        if (name != "connection") continue;
        for (const auto& option : split(to_lower(value), ',')) {
            if (trim(option) == "close") head.close = true;
        }
    }
    return std::nullopt;
}

}  // namespace

std::variant<Head, Refusal> parse_head(std::string_view block, const FrontLimits& limits) {
    Head head;
    bool first = true;
    while (true) {
        const std::size_t end = block.find("\r\n");
        if (end == std::string_view::npos) return Refusal{400, "bad request"};
        const std::string_view line = block.substr(0, end);
        block.remove_prefix(end + 2);
        if (line.empty()) break;
        if (head.headers.size() >= limits.header_count) return Refusal{431, "too many headers"};
        auto refusal = first ? parse_request_line(line, head) : parse_header_line(line, head);
        if (refusal) return *refusal;
        first = false;
    }
    if (first || !block.empty()) return Refusal{400, "bad request"};
    if (auto refusal = check_body(limits, head)) return *refusal;
    if (auto refusal = check_connection(head)) return *refusal;
    std::erase_if(head.headers, [](const auto& header) {
        return header.first == "range" || header.first == "if-range";
    });
    return head;
}

}  // namespace lastgood::http
