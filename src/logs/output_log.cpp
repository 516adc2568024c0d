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
    if (whole && format_ == config::LogFormat::text) {
        buffer_.append(beginning(slot, stream)).append(line).push_back('\n');
    } else {
        append_line({stamp_, to_string(slot), to_string(stream), line, whole}, format_, buffer_);
    }
    if (buffer_.size() >= limits::kReadBytes) flush();
    constexpr int kInfo = 6;  // what an app writes has no level of its own, on either stream
    if (journal_) journal_->send(to_string(slot), to_string(stream), line, kInfo);
}

// Of a whole line as text. In a flood many in a row have the same.
const std::string& OutputLog::beginning(Slot slot, Stream stream) {
    if (beginning_.empty() || slot != beginning_slot_ || stream != beginning_stream_) {
        beginning_.clear();
        append_line({stamp_, to_string(slot), to_string(stream), {}}, format_, beginning_);
        beginning_.pop_back();  // the line's end
        beginning_slot_ = slot;
        beginning_stream_ = stream;
    }
    return beginning_;
}

void OutputLog::flush() {
    file_.write(buffer_);
    buffer_.clear();
    stamp_.clear();
    beginning_.clear();
}

}  // namespace lastgood::logs
