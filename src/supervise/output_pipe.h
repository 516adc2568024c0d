// The named pipe of one stream of a run. The app's side is open for reading, too: while no daemon
// reads, it never sees a broken pipe, and the next daemon reads on where the last one stopped.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/ids.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/spawn.h"

namespace lastgood::supervise {

struct OutputPipe {
    sys::Fd read;   // nonblocking
    sys::Fd write;  // for the app
};

// Makes the file; what was there of that name goes. `owner`: who may open it again, as a program
// does that opens /dev/stdout.
Expected<OutputPipe> make_output_pipe(const std::string& path,
                                      const std::optional<sys::Identity>& owner);

// Those of an app's runs that have ended without their daemon: all but the runs of `kept`.
void remove_stale_pipes(const std::string& folder, const AppName& app,
                        const std::vector<RunId>& kept);

// The reading end of one that an earlier daemon made.
Expected<sys::Fd> open_output_pipe(const std::string& path);

}  // namespace lastgood::supervise
