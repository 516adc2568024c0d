// One source of the reader: its current file, kept open across rotation, and its older pieces.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "lastgood/base/sys/fd.h"
#include "lastgood/logs/reader.h"

namespace lastgood::logs {

class SourceFile {
  public:
    using OnLine = std::function<void(LogLine)>;

    explicit SourceFile(LogSource source) : source_(std::move(source)) {}

    // New lines since the last call; follows a rotation. At the first call: the file from its
    // start, or its last 64 MB.
    void read_new(const OnLine& on_line);

    // The older pieces that are there, newest first.
    [[nodiscard]] std::vector<std::string> pieces() const;
    void read_piece(const std::string& path, const OnLine& on_line);

  private:
    [[nodiscard]] sys::Fd open_file(const std::string& path) const;
    bool open();
    void read_to_end(const OnLine& on_line);
    void feed(std::string_view bytes, const OnLine& on_line);
    [[nodiscard]] LogLine make_line(std::string_view text);
    [[nodiscard]] LogLine make_foreign_line(std::string_view text);

    LogSource source_;
    sys::Fd file_;
    ino_t inode_ = 0;
    std::string rest_;  // a line whose newline isn't there yet
    WallTime last_time_{};
    std::optional<config::LogLevel> last_level_{};  // of the app's own files
};

}  // namespace lastgood::logs
