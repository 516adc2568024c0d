#include "cli/format.h"

#include "lastgood/base/strings.h"

namespace lastgood::cli {

std::string short_commit(std::string_view commit) {
    return commit.empty() ? "-" : printable(commit.substr(0, 7));
}

std::string or_dash(std::string_view text) {
    return text.empty() ? "-" : printable(text);
}

std::string age(WallTime then, WallTime now) {
    using std::chrono::duration_cast;
    const Millis passed = now - then;
    const auto seconds = duration_cast<std::chrono::seconds>(passed).count();
    if (seconds < 2) return "just now";  // also when a clock was set back
    if (seconds < 60) return std::to_string(seconds) + "s ago";
    if (seconds < 3600) return std::to_string(seconds / 60) + "m ago";
    if (seconds < 48 * 3600) return std::to_string(seconds / 3600) + "h ago";
    if (seconds < 30 * 86400) return std::to_string(seconds / 86400) + "d ago";
    return format_rfc3339(then).substr(0, 10);
}

std::string first_line(std::string_view text) {
    const std::string_view whole = trim(text);
    const std::string_view line = trim(whole.substr(0, whole.find('\n')));
    return printable(line) + (line.size() < whole.size() ? " …" : "");
}

}  // namespace lastgood::cli
