#include "http/engine.h"

namespace lastgood::http {
namespace {

std::string_view reason_phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 202:
            return "Accepted";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 411:
            return "Length Required";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 503:
            return "Service Unavailable";
    }
    return "Error";
}

}  // namespace

Outcome refuse(const Refusal& refusal) {
    Response response;
    response.status = refusal.status;
    response.body = "{\"error\":\"" + std::string(refusal.reason) + "\"}";
    if (refusal.status == 503) response.headers.emplace_back("Retry-After", "5");
    if (refusal.status == 429) response.headers.emplace_back("Retry-After", "60");
    if (refusal.status == 405)
        response.headers.emplace_back("Allow", "GET, HEAD, POST, PUT, DELETE");
    return compose(response, true, false);
}

Outcome compose(const Response& response, bool close, bool head_only) {
    Outcome outcome;
    outcome.status = response.status;
    outcome.close = close;
    outcome.bytes = "HTTP/1.1 " + std::to_string(response.status) + " " +
                    std::string(reason_phrase(response.status)) +
                    (close ? "\r\nConnection: close" : "\r\nConnection: keep-alive") +
                    "\r\nContent-Length: " + std::to_string(response.body.size()) +
                    "\r\nContent-Type: " + response.content_type + "\r\n";
    for (const auto& [name, value] : response.headers) {
        outcome.bytes += name + ": " + value + "\r\n";
    }
    outcome.bytes += "\r\n";
    if (!head_only) outcome.bytes += response.body;
    return outcome;
}

}  // namespace lastgood::http
