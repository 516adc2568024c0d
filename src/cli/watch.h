// `--watch`: a view that follows what happens.
//
// On a terminal it is drawn on a screen of its own, at each event of the daemon and every two
// seconds (ages and memory move without events). Elsewhere it is printed at the start and at each
// event, for a program to read. A daemon, or whatever else tells of the events, is waited for when
// it goes away.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/context.h"
#include "cli/daemon_api.h"

namespace lastgood::cli {

// What a source of events calls: `happened` at each of them; `tick` after each and whenever the
// wait that it gave is over (-1: for ever). Nothing from `tick`: nobody looks any more, end.
struct Pulse {
    std::function<void()> happened;
    std::function<std::optional<Millis>()> tick;
};
using Follow = std::function<void(const Pulse& pulse)>;  // returns when its source goes away

// `view` asks the daemon and gives what to show, in the style that it is handed: the terminal may
// have another width each time. Returns the exit code.
int watch(const Context& context,
          const std::function<Reply(const Context& now, std::string& text)>& view);
// The same of what another source than the daemon tells of.
int watch(const Context& context,
          const std::function<Reply(const Context& now, std::string& text)>& view,
          const Follow& follow);

}  // namespace lastgood::cli
