// The last crashes of an app, kept as a note in the journal. Pure, but for the journal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lastgood/control/target.h"
#include "lastgood/store/journal.h"

namespace lastgood::daemon {

class CrashBook {
  public:
    // What an earlier daemon wrote down.
    CrashBook(store::Journal& journal, const AppName& app);

    Expected<void> add(control::Crash crash);
    // From new to old.
    [[nodiscard]] const std::vector<control::Crash>& crashes() const { return crashes_; }

  private:
    store::Journal& journal_;
    const AppName app_;
    std::vector<control::Crash> crashes_;
};

// The newest first. What is no such text is an empty book.
std::string encode_crashes(const std::vector<control::Crash>& crashes);
std::vector<control::Crash> decode_crashes(std::string_view text, const AppName& app);

}  // namespace lastgood::daemon
