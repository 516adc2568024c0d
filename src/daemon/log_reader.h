// Has a process of its own read log files, so that neither a slow disk nor a regular expression
// holds the daemon up.
#pragma once

#include "daemon/site.h"
#include "lastgood/control/target.h"
#include "lastgood/logs/question.h"

namespace lastgood::daemon {

Expected<control::LogFeed> start_log_reader(Site& site, const logs::LogQuestion& question);

}  // namespace lastgood::daemon
