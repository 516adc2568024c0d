// An app's output, as it was written, in output.log:
//
//     2026-05-01T12:00:00.123Z blue out | text
//     2026-05-01T12:00:00.124Z blue err > the beginning of a line whose rest follows, or never came
//     2026-05-01T12:00:00.125Z - lastgood | what we have to say about the output itself
//
// or with LogFormat::json:
//
//     {"time":"2026-05-01T12:00:00.123Z","slot":"blue","stream":"out","text":"text"}
//
// where "partial":true stands for the `>`, and what is no UTF-8 is replaced.
//
// As text, bytes are kept as they are; whoever displays them escapes them. Every line of the file
// begins with our prefix, so an app can't forge one. `>` marks a piece that had no newline when it
// was written: the last words of a process, a prompt, or part of a line longer than kLineBytesMax.
// Nothing here fails: lost lines are counted and told. On the loop's thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lastgood/base/ids.h"
#include "lastgood/base/time.h"
#include "lastgood/config/config.h"
#include "lastgood/logs/rotating_file.h"
#include "lastgood/logs/system_journal.h"

namespace lastgood::logs {

enum class Stream { out, err };
constexpr std::string_view to_string(Stream stream) {
    return stream == Stream::out ? "out" : "err";
}

class OutputLog {
  public:
    // Missing folders are made. `reaper` may be null: then nothing is compressed.
    OutputLog(std::string path, config::LogFormat format, Rotation rotation, sys::Reaper* reaper);

    // `line` without its newline; `whole` when it had one. Held until flush() or 64 KB are
    // together; what is written together has one time.
    void append(Slot slot, Stream stream, std::string_view line, bool whole);
    // Lines go there as well, from now on.
    void copy_to(std::unique_ptr<SystemJournal> journal) { journal_ = std::move(journal); }
    void flush();

    [[nodiscard]] std::uint64_t lost_lines() const { return file_.lost_lines(); }

  private:
    const std::string& beginning(Slot slot, Stream stream);

    config::LogFormat format_;
    RotatingFile file_;
    std::unique_ptr<SystemJournal> journal_;
    std::string buffer_;
    std::string stamp_;  // of what is held
    std::string beginning_;
    Slot beginning_slot_ = Slot::blue;
    Stream beginning_stream_ = Stream::out;
};

}  // namespace lastgood::logs
