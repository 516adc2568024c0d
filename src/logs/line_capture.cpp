#include "lastgood/logs/line_capture.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lastgood/base/limits.h"
#include "lastgood/base/squeezed.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::logs {
namespace {

constexpr int kPipeBytes = 1 << 20;  // room for bursts; what an ordinary user may have
constexpr Millis kIdleBeforeFlush{1000};
// So much in one turn is a flood: the next one comes after the pause, in which a pipe of ours holds
// what an app writes at a gigabyte a second.
constexpr std::size_t kFloodBytes = 16 * 1024;
constexpr std::size_t kTurnBytesMax = kPipeBytes;
constexpr Millis kFloodPause{1};

// No more than these can be among the last ones when all are read: the others needn't be kept.
const char* begin_of_last_lines(std::string_view bytes) {
    auto end = bytes.size();
    for (std::size_t lines = 0; lines <= limits::kTailLines && end != 0; ++lines) {
        end = bytes.rfind('\n', end - 1);
        if (end == std::string_view::npos) return bytes.data();
    }
    return bytes.data() + end;
}

}  // namespace

void Tail::add(std::string_view line) {
    line = line.substr(0, limits::kTailBytes);
    if (lines_.size() < limits::kTailLines) {
        lines_.emplace_back(line);
    } else {  // the oldest one's memory serves again
        bytes_ -= lines_.front().size();
        lines_.push_back(std::move(lines_.front()));
        lines_.pop_front();
        lines_.back().assign(line);
    }
    bytes_ += lines_.back().size();
    while (lines_.size() > limits::kTailLines ||
           (bytes_ > limits::kTailBytes && lines_.size() > 1)) {
        bytes_ -= lines_.front().size();
        lines_.pop_front();
    }
}

std::vector<std::string> Tail::lines() const {
    std::vector<std::string> shown;
    for (const std::string& line : lines_)
        shown.push_back(printable(squeezed(line), limits::kTailBytes));
    return shown;
}

LineCapture::LineCapture(sys::EventLoop& loop, sys::Fd pipe, OutputLog& log, Tail& tail, Slot slot,
                         Stream stream)
    : loop_(loop), pipe_(std::move(pipe)), log_(log), tail_(tail), slot_(slot), stream_(stream) {
    (void)sys::set_nonblocking(pipe_.get(), true);
    fcntl(pipe_.get(), F_SETPIPE_SZ, kPipeBytes);
    watch();
}

void LineCapture::watch() {
    if (watch_) return;
    watch_ = loop_.watch(pipe_.get(), EPOLLIN, [this](std::uint32_t) { take_turn(); });
}

void LineCapture::take_turn() {
    std::size_t taken = 0;
    std::size_t bytes = 0;
    Got got = Got::nothing;
    do {
        got = read_once(bytes);
        taken += bytes;
    } while (bytes == limits::kReadBytes && taken < kTurnBytesMax);
    log_.flush();
    if (got == Got::end) return close();
    watch_idle();
    if (taken < kFloodBytes) return watch();
    watch_.reset();
    next_turn_ = loop_.after(kFloodPause, [this] { take_turn(); });
}

LineCapture::Got LineCapture::read_once(std::size_t& bytes) {
    char buffer[limits::kReadBytes];
    const ssize_t got = read(pipe_.get(), buffer, sizeof buffer);
    bytes = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    if (got > 0) {
        last_read_ = BootClock::now();
        take({buffer, static_cast<std::size_t>(got)});
        return Got::bytes;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? Got::nothing : Got::end;
}

void LineCapture::take(std::string_view bytes) {
    const char* const last = begin_of_last_lines(bytes);
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        const std::string_view piece = bytes.substr(0, end);
        // Cut what is too long, so that a line without an end can't fill our memory.
        const std::size_t room = limits::kLineBytesMax - partial_.size();
        if (piece.size() > room) {
            partial_.append(piece.substr(0, room));
            bytes.remove_prefix(room);
            flush_partial();
            continue;
        }
        if (end == std::string_view::npos) {
            partial_.append(piece);
            return;
        }
        bytes.remove_prefix(end + 1);
        if (partial_.empty()) {
            log_.append(slot_, stream_, piece, true);
            if (piece.data() >= last) tail_.add(piece);
        } else {
            partial_.append(piece);
            line(partial_, true);
            partial_.clear();
        }
    }
}

void LineCapture::line(std::string_view text, bool whole) {
    log_.append(slot_, stream_, text, whole);
    tail_.add(text);
}

void LineCapture::flush_partial() {
    if (partial_.empty()) return;
    line(partial_, false);
    partial_.clear();
}

void LineCapture::watch_idle() {
    if (partial_.empty()) return idle_.reset();
    if (idle_) return;
    idle_ = loop_.after(kIdleBeforeFlush, [this] {
        idle_.reset();
        if (BootClock::now() - last_read_ < kIdleBeforeFlush) return watch_idle();
        flush_partial();
        log_.flush();
    });
}

void LineCapture::drain() {
    // An orphan that goes on writing must not hold us: no pipe holds more than this.
    constexpr int kReadsMax = 2 * kPipeBytes / static_cast<int>(limits::kReadBytes);
    std::size_t bytes = 0;
    for (int i = 0; i < kReadsMax && pipe_; ++i) {
        if (read_once(bytes) != Got::bytes) break;
    }
    log_.flush();
}

void LineCapture::finish() {
    drain();
    close();
}

void LineCapture::close() {
    flush_partial();
    log_.flush();
    idle_.reset();
    next_turn_.reset();
    watch_.reset();
    pipe_.reset();
}

}  // namespace lastgood::logs
