// The daemon's side of admin.listen: its socket, and the files behind its settings (tokens,
// certificate and key), which are read again when they change.
#pragma once

#include <memory>
#include <string>

#include "daemon/site.h"
#include "lastgood/base/sys/file_watch.h"
#include "lastgood/control/server.h"

namespace lastgood::daemon {

class AdminEntry {
  public:
    explicit AdminEntry(Site& site) : site_(site) {}

    // Only where the config has it. `server` outlives this.
    Expected<void> open(control::Server& server);
    // The settings of a config that was read again; what can't be used is told, and what was before
    // stays.
    void apply(const config::Admin& admin);
    void stop() { files_.reset(); }

  private:
    void watch_files(const config::Admin& admin);

    Site& site_;
    control::Server* server_ = nullptr;  // null: not open
    std::unique_ptr<sys::FileWatch> files_;
};

}  // namespace lastgood::daemon
