// A mail by RFC 5322, with what is needed of RFC 2047 for a subject that isn't ASCII.
#include <algorithm>
#include <ctime>

#include "lastgood/base/strings.h"
#include "notify/forms.h"

namespace lastgood::notify {
namespace {

bool is_ascii(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// In words of at most 75 characters, cut between characters of UTF-8.
std::string encoded_header(const std::string& text) {
    constexpr std::size_t kBytesOfWord = 42;  // 56 of base64, and "=?UTF-8?B?" "?="
    if (is_ascii(text)) return text;
    std::string out;
    std::size_t from = 0;
    while (from < text.size()) {
        std::size_t end = std::min(from + kBytesOfWord, text.size());
        while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
        out += (out.empty() ? "" : "\n ") +
               ("=?UTF-8?B?" + base64_encode(text.substr(from, end - from)) + "?=");
        from = end;
    }
    return out;
}

std::string date_header(WallTime at) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char rest[64];
    const std::size_t size = std::strftime(rest, sizeof rest, "%Y %H:%M:%S +0000", &parts);
    return std::string(kDays[parts.tm_wday]) + ", " + std::to_string(parts.tm_mday) + " " +
           kMonths[parts.tm_mon] + " " + std::string(rest, size);
}

// One address is 254 bytes at most; a line 998.
std::string folded(const std::vector<std::string>& addresses) {
    return join(addresses, ",\n ");
}

// Whatever the machine is called, a name that a header can hold.
std::string host_of(const Message& message) {
    std::string host;
    for (const char c : message.host) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '.' || c == '-';
        host += plain ? c : '-';
    }
    return host.empty() ? "localhost" : host;
}

}  // namespace

std::string mail_of(const Message& message, const std::vector<std::string>& to,
                    const std::string& from) {
    std::string mail;
    if (!from.empty()) mail += "From: " + from + "\n";
    mail += "To: " + folded(to) + "\n";
    mail += "Subject: " + encoded_header("[lastgood] " + title_of(message)) + "\n";
    mail += "Date: " + date_header(message.at) + "\n";
    mail += "Message-ID: <" + message.id + "@" + host_of(message) + ">\n";
    mail += "Auto-Submitted: auto-generated\n";
    mail += "MIME-Version: 1.0\n";
    mail += "Content-Type: text/plain; charset=utf-8\n";
    mail += "Content-Transfer-Encoding: 8bit\n\n";
    mail += title_of(message) + "\n";
    const std::string details = details_of(message);
    if (!details.empty()) mail += "\n" + details + "\n";
    return mail;
}

}  // namespace lastgood::notify
