// A file that is appended to, and cut into numbered pieces: NAME, NAME.1 (newest) … NAME.KEEP.
//
// Older pieces are compressed by a child process of low priority, one at a time (NAME.2.gz), so
// writing never waits for it. No failure ever reaches the writer: what can't be written (a full
// disk) is counted, and told in the file itself as soon as it can be. On the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/reaper.h"
#include "lastgood/base/sys/spawn.h"

namespace lastgood::logs {

struct Rotation {
    std::uint64_t bytes_max = 0;  // of one piece; 0: never cut
    int keep = 5;                 // pieces besides the current one
    bool compress = true;
};

class RotatingFile {
  public:
    // Turns a count of lost lines into the line that tells it.
    using TellLost = std::function<std::string(std::uint64_t lines)>;

    // Opens at the first write. Without a reaper nothing is compressed. The reaper must outlive it.
    RotatingFile(std::string path, Rotation rotation, sys::Reaper* reaper, TellLost tell_lost);
    RotatingFile(const RotatingFile&) = delete;
    RotatingFile& operator=(const RotatingFile&) = delete;
    ~RotatingFile();

    // Whole lines, each with its newline. Cut between calls, never inside one.
    void write(std::string_view lines);

    [[nodiscard]] std::uint64_t lost_lines() const { return lost_; }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    bool open();
    void rotate();
    bool put(std::string_view bytes);
    void compress_next();
    void compressed(bool ok);
    [[nodiscard]] std::string piece(int number) const;

    std::string path_;
    Rotation rotation_;
    sys::Reaper* reaper_;
    TellLost tell_lost_;
    sys::Fd file_;
    std::uint64_t size_ = 0;
    std::uint64_t lost_ = 0;    // all in all
    std::uint64_t untold_ = 0;  // not yet told in the file
    bool torn_ = false;         // the file ends in half a line
    sys::Child compressor_;
    int compressing_ = 0;  // number of the piece by now; 0: none
};

}  // namespace lastgood::logs
