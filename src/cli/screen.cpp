#include "cli/screen.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "cli/context.h"
#include "cli/width.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

constexpr std::string_view kEnter = "\033[?1049h\033[?25l\033[2J";
constexpr std::string_view kLeave = "\033[?25h\033[?1049l";
constexpr std::array kEnding = {SIGINT, SIGTERM, SIGHUP};

volatile sig_atomic_t size_changed = 0;
struct sigaction before_resize {};
struct sigaction before_stop {};
std::array<struct sigaction, kEnding.size()> before_end{};

extern "C" void on_resize(int) {
    size_changed = 1;
}

// The terminal first; then the signal does what it would have done.
extern "C" void on_end(int number) {
    [[maybe_unused]] const ssize_t sent = write(STDOUT_FILENO, kLeave.data(), kLeave.size());
    signal(number, SIG_DFL);
    raise(number);
}

// The shell gets its own screen while this waits, and the view comes back with it.
extern "C" void on_stop(int) {
    [[maybe_unused]] ssize_t sent = write(STDOUT_FILENO, kLeave.data(), kLeave.size());
    struct sigaction action {};
    struct sigaction own {};
    action.sa_handler = SIG_DFL;
    sigaction(SIGTSTP, &action, &own);
    raise(SIGTSTP);
    sigaction(SIGTSTP, &own, nullptr);
    sent = write(STDOUT_FILENO, kEnter.data(), kEnter.size());
    size_changed = 1;
}

void put(std::string_view text) {
    print(std::string(text));
}

}  // namespace

Screen::Screen() {
    struct sigaction action {};
    action.sa_handler = on_resize;
    sigaction(SIGWINCH, &action, &before_resize);
    action.sa_handler = on_stop;
    action.sa_flags = SA_NODEFER;  // it stops from inside
    sigaction(SIGTSTP, &action, &before_stop);
    action.sa_flags = 0;
    action.sa_handler = on_end;
    for (std::size_t i = 0; i < kEnding.size(); ++i) sigaction(kEnding[i], &action, &before_end[i]);
    put(kEnter);
}

Screen::~Screen() {
    put(kLeave);
    sigaction(SIGWINCH, &before_resize, nullptr);
    sigaction(SIGTSTP, &before_stop, nullptr);
    for (std::size_t i = 0; i < kEnding.size(); ++i) {
        sigaction(kEnding[i], &before_end[i], nullptr);
    }
}

bool Screen::draw(const std::string& text) {
    winsize size{};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return print(picture(text, known ? size.ws_col : 80, known ? size.ws_row : 24));
}

bool Screen::resized() {
    const bool changed = size_changed != 0;
    size_changed = 0;
    return changed;
}

std::string picture(const std::string& text, std::size_t columns, std::size_t rows) {
    std::vector<std::string> lines = split(text, '\n');
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    if (lines.size() > rows) {
        const std::size_t hidden = lines.size() - (rows - 1);
        lines.resize(rows - 1);
        lines.push_back("… " + std::to_string(hidden) + " lines more");
    }
    std::string bytes = "\033[H";
    for (std::size_t i = 0; i < lines.size(); ++i) {
        // A newline after the last row would scroll.
        bytes += (i == 0 ? "" : "\r\n") + cut_to(lines[i], columns) + "\033[K";
    }
    return bytes + "\033[J";
}

}  // namespace lastgood::cli
