#include "cli/style.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace lastgood::cli {
namespace {

std::string_view code(Tone tone) {
    switch (tone) {
        case Tone::plain:
            return {};
        case Tone::strong:
            return "1";
        case Tone::dim:
            return "2";
        case Tone::good:
            return "32";
        case Tone::warn:
            return "33";
        case Tone::bad:
            return "31";
    }
    return {};
}

}  // namespace

Style Style::of_stdout() {
    Style style;
    if (isatty(STDOUT_FILENO) == 0) return style;
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    style.redraws = term != nullptr && std::string_view(term) != "dumb";
    style.color = (no_color == nullptr || *no_color == '\0') && style.redraws;
    winsize size{};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    style.columns = known ? size.ws_col : 80;
    return style;
}

std::string Style::paint(Tone tone, std::string_view text) const {
    if (!color || tone == Tone::plain || text.empty()) return std::string(text);
    return "\033[" + std::string(code(tone)) + "m" + std::string(text) + "\033[0m";
}

Tone tone_of(std::string_view word) {
    if (word == "good" || word == "running" || word == "deploy") return Tone::good;
    if (word == "failed" || word == "rolled_back") return Tone::bad;
    if (word == "backoff" || word == "probation" || word == "stale") return Tone::warn;
    if (word == "empty" || word == "stopped" || word == "superseded" || word == "cancelled" ||
        word == "ignored") {
        return Tone::dim;
    }
    return Tone::plain;
}

}  // namespace lastgood::cli
