#include "lastgood/logs/output_log.h"

#include "lastgood/base/limits.h"
#include "lastgood/base/sys/files.h"
#include "logs/line_format.h"

namespace lastgood::logs {
namespace {

std::string tell_lost(std::uint64_t lines, config::LogFormat format) {
    std::string told;
    const std::string text =
        std::to_string(lines) + " lines of output could not be written and are lost";
    append_line({format_rfc3339(wall_now()), "-", "lastgood", text}, format, told);
    return told;
}

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos || slash == 0 ? "" : path.substr(0, slash);
}

}  // namespace

OutputLog::OutputLog(std::string path, config::LogFormat format, Rotation rotation,
                     sys::Reaper* reaper)
    : format_(format), file_(std::move(path), rotation, reaper, [format](std::uint64_t lines) {
          return tell_lost(lines, format);
      }) {
    const std::string folder = folder_of(file_.path());
    // A failure shows at the first write, and is counted there.
    if (!folder.empty()) (void)sys::make_directories(folder);
}

void OutputLog::append(Slot slot, Stream stream, std::string_view line, bool whole) {
    if (stamp_.empty()) stamp_ = format_rfc3339(wall_now());
    append_line({stamp_, to_string(slot), to_string(stream), line, whole}, format_, buffer_);
    if (buffer_.size() >= limits::kReadBytes) flush();
    constexpr int kInfo = 6;  // what an app writes has no level of its own, on either stream
    if (journal_) journal_->send(to_string(slot), to_string(stream), line, kInfo);
}

void OutputLog::flush() {
    file_.write(buffer_);
    buffer_.clear();
    stamp_.clear();
}

}  // namespace lastgood::logs
