// systemd's journal, as one more place for an app's output: structured entries by its native
// protocol (systemd.io, JOURNAL_NATIVE_PROTOCOL), a datagram for each line.
//
// Never waits: what the journal can't take at once is counted, and told there when it can again;
// the app's own file has it all. Without a journal nothing happens. On one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lastgood/base/sys/fd.h"

namespace lastgood::logs {

class SystemJournal {
  public:
    // `identifier`: SYSLOG_IDENTIFIER of all entries, and LASTGOOD_APP.
    explicit SystemJournal(std::string identifier,
                           const std::string& socket = "/run/systemd/journal/socket");

    // `priority` as syslog counts: 6 info, 4 warning.
    void send(std::string_view slot, std::string_view stream, std::string_view line, int priority);

    [[nodiscard]] std::uint64_t lost() const { return lost_; }

  private:
    bool try_send(std::string_view slot, std::string_view stream, std::string_view line,
                  int priority);

    std::string identifier_;
    sys::Fd socket_;  // connected; empty: there is no journal
    std::string entry_;
    std::uint64_t lost_ = 0;  // not told yet
};

}  // namespace lastgood::logs
