#include "git/progress.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/time.h"

namespace lastgood::git {
namespace {

constexpr Millis kFirstAfter{300};
constexpr Millis kEvery{400};
constexpr std::string_view kHead = "{\"progress\":";

// When to tell next; none: nobody wants it.
std::optional<Instant> next_telling;

std::uint64_t number_in(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// "1.20 MiB", "345 bytes".
std::uint64_t bytes_in(std::string_view text) {
    const auto gap = text.find(' ');
    if (gap == std::string_view::npos) return 0;
    double value = 0;
    std::from_chars(text.data(), text.data() + gap, value);
    const std::string_view unit = text.substr(gap + 1);
    double factor = 1;
    if (unit.starts_with("KiB")) factor = 1024.0;
    if (unit.starts_with("MiB")) factor = 1024.0 * 1024;
    if (unit.starts_with("GiB")) factor = 1024.0 * 1024 * 1024;
    return static_cast<std::uint64_t>(value * factor);
}

}  // namespace

std::optional<FetchProgress> parse_git_progress(std::string_view piece) {
    if (!piece.starts_with("Receiving objects:") && !piece.starts_with("Unpacking objects:")) {
        return std::nullopt;
    }
    const auto open = piece.find('(');
    const auto slash = piece.find('/', open);
    const auto close = piece.find(')', slash);
    if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
    FetchProgress progress;
    progress.objects = number_in(piece.substr(open + 1, slash - open - 1));
    progress.objects_total = number_in(piece.substr(slash + 1, close - slash - 1));
    if (piece.substr(close + 1).starts_with(", ")) {
        const std::string_view size = piece.substr(close + 3);
        progress.bytes = bytes_in(size.substr(0, size.find(" |")));
    }
    return progress;
}

bool is_git_chatter(std::string_view piece) {
    constexpr std::array kBeginnings = {
        "remote: Enumerating",
        "remote: Counting",
        "remote: Compressing",
        "remote: Total",
        "Receiving objects:",
        "Unpacking objects",
        "Resolving deltas:",
        "Checking objects:",
        "Checking connect",
        "Indexing objects",
        "From ",
        " * [new ",
        " + ",
        "   ",
        " - [deleted]",
        " = [up to date]",
    };
    return std::any_of(kBeginnings.begin(), kBeginnings.end(),
                       [piece](const char* words) { return piece.starts_with(words); });
}

std::string encode_progress(const FetchProgress& progress) {
    const nlohmann::ordered_json line{{"progress",
                                       {{"objects", progress.objects},
                                        {"total", progress.objects_total},
                                        {"bytes", progress.bytes}}}};
    return line.dump();
}

std::optional<FetchProgress> decode_progress(std::string_view line) {
    if (!line.starts_with(kHead)) return std::nullopt;
    const auto json = nlohmann::json::parse(line, nullptr, false);
    FetchProgress progress;
    if (!json.is_object() || !json.at("progress").is_object()) return progress;
    const auto& about = json.at("progress");
    const auto number = [&about](const char* name) -> std::uint64_t {
        const auto found = about.find(name);
        return found != about.end() && found->is_number_unsigned() ? found->get<std::uint64_t>()
                                                                   : 0;
    };
    progress.objects = number("objects");
    progress.objects_total = number("total");
    progress.bytes = number("bytes");
    return progress;
}

ProgressTelling::ProgressTelling() {
    next_telling = BootClock::now() + kFirstAfter;
}

ProgressTelling::~ProgressTelling() {
    next_telling.reset();
}

void tell_progress(const FetchProgress& progress) {
    if (!next_telling) return;
    const Instant now = BootClock::now();
    if (now < *next_telling) return;
    next_telling = now + kEvery;
    // Who doesn't read it has ended, and us with it.
    (void)sys::write_all(STDOUT_FILENO, encode_progress(progress) + "\n");
}

}  // namespace lastgood::git
