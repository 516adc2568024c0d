// Writes that a loss of power may take back.
#pragma once

#include "lastgood/store/database.h"
#include "lastgood/store/journal.h"

namespace lastgood::store {

// With NORMAL a commit only writes the log file; the next full one syncs all of it.
template <typename Write>
Expected<void> Journal::at_once(Write write) {
    if (auto set = db_->execute("PRAGMA synchronous=NORMAL"); !set) return set;
    auto written = write();
    auto back = db_->execute("PRAGMA synchronous=FULL");
    return written ? back : written;
}

}  // namespace lastgood::store
