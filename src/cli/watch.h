// `--watch`: a view that follows what happens.
//
// On a terminal it is drawn on a screen of its own, at each event of the daemon and every two
// seconds (ages and memory move without events). Elsewhere it is printed at the start and at each
// event, for a program to read. A daemon that goes away is waited for.
#pragma once

#include <functional>
#include <string>

#include "cli/context.h"
#include "cli/daemon_api.h"

namespace lastgood::cli {

// `view` asks the daemon and gives what to show, in the style that it is handed: the terminal may
// have another width each time. Returns the exit code.
int watch(const Context& context,
          const std::function<Reply(const Context& now, std::string& text)>& view);

}  // namespace lastgood::cli
