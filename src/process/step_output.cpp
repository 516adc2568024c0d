#include "process/step_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lastgood/base/limits.h"
#include "lastgood/base/squeezed.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/process/last_lines.h"

namespace lastgood::process {

Expected<void> StepOutput::open(const std::string& path) {
    if (path.empty()) return {};
    file_ = sys::Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
    if (!file_) return system_error("can't open " + path, errno);
    return {};
}

Expected<sys::Fd> StepOutput::new_pipe() {
    auto pipe = sys::make_pipe(O_CLOEXEC);
    if (!pipe) return pipe.error();
    if (auto set = sys::set_nonblocking(pipe->read.get(), true); !set) return set.error();
    watch_.reset();
    pipe_ = std::move(pipe->read);
    watch_ = loop_.watch(pipe_.get(), EPOLLIN, [this](std::uint32_t) {
        if (!read_some()) watch_.reset();
    });
    return std::move(pipe->write);
}

// False at the end; what is not there yet is none.
bool StepOutput::read_some() {
    char buffer[limits::kReadBytes];
    const ssize_t got = read(pipe_.get(), buffer, sizeof buffer);
    if (got > 0) keep({buffer, static_cast<std::size_t>(got)});
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void StepOutput::keep(std::string_view bytes) {
    if (file_) {
        const auto room =
            std::min<std::uint64_t>(limits::kStepLogBytesMax - written_, bytes.size());
        // A full disk costs the output, never the build.
        if (room > 0 && sys::write_all(file_.get(), bytes.substr(0, room)))
            written_ += room;
        else
            dropped_ += room;
        dropped_ += bytes.size() - room;
    }
    end_.append(bytes);
    if (end_.size() > 2 * limits::kTailBytes) end_.erase(0, end_.size() - limits::kTailBytes);
    if (wrote_) wrote_();
}

void StepOutput::drain() {
    // An orphan that goes on writing must not hold us.
    constexpr int kRoundsMax = 32;
    for (int i = 0; i < kRoundsMax && pipe_; ++i) {
        char buffer[limits::kReadBytes];
        const ssize_t got = read(pipe_.get(), buffer, sizeof buffer);
        if (got <= 0) return;
        keep({buffer, static_cast<std::size_t>(got)});
    }
}

void StepOutput::close() {
    watch_.reset();
    pipe_.reset();
    if (file_ && dropped_ > 0) {
        (void)sys::write_all(file_.get(),
                             "\n[" + std::to_string(dropped_) + " bytes of output were dropped]\n");
    }
    file_.reset();
}

std::vector<std::string> last_lines(std::string_view text) {
    std::vector<std::string> lines;
    if (text.empty()) return lines;
    lines = split(text, '\n');
    if (lines.size() > limits::kTailLines) {
        lines.erase(lines.begin(), lines.end() - static_cast<long>(limits::kTailLines));
    }
    return lines;
}

std::string tail_text(std::vector<std::string> lines) {
    std::erase_if(lines, [](const std::string& line) { return line.empty(); });
    return join(lines, " | ");
}

std::string with_tail(const std::string& reason, const std::vector<std::string>& lines) {
    const std::string text = tail_text(lines);
    return text.empty() ? reason : reason + ". Its last output: " + text;
}

std::vector<std::string> StepOutput::tail() const {
    std::string_view text = end_;
    if (text.size() > limits::kTailBytes) text.remove_prefix(text.size() - limits::kTailBytes);
    while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    std::vector<std::string> lines = last_lines(text);
    for (std::string& line : lines) line = printable(squeezed(line), limits::kTailBytes);
    return lines;
}

std::string StepOutput::last_line() const {
    constexpr std::size_t kLineMax = 400;
    std::string_view text = end_;
    while (!text.empty()) {
        const std::size_t cut = text.find_last_of("\r\n");
        const std::string_view line =
            trim(text.substr(cut == std::string_view::npos ? 0 : cut + 1));
        if (!line.empty()) return printable(line, kLineMax);
        if (cut == std::string_view::npos) break;
        text = text.substr(0, cut);
    }
    return {};
}

}  // namespace lastgood::process
