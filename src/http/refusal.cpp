#include "http/engine.h"

namespace lastgood::http {
namespace {

std::string_view reason_phrase(int status) {
    switch (status) {
        case 400:
            return "Bad Request";
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
        case 431:
            return "Request Header Fields Too Large";
        case 503:
            return "Service Unavailable";
    }
    return "Error";
}

}  // namespace

Outcome refuse(const Refusal& refusal) {
    const std::string body = "{\"error\":\"" + std::string(refusal.reason) + "\"}";
    Outcome outcome;
    outcome.close = true;
    outcome.bytes = "HTTP/1.1 " + std::to_string(refusal.status) + " " +
                    std::string(reason_phrase(refusal.status)) +
                    "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
                    "\r\nContent-Type: application/json\r\n";
    if (refusal.status == 503) outcome.bytes += "Retry-After: 5\r\n";
    if (refusal.status == 405) outcome.bytes += "Allow: GET, HEAD, POST, PUT, DELETE\r\n";
    outcome.bytes += "\r\n" + body;
    return outcome;
}

}  // namespace lastgood::http
