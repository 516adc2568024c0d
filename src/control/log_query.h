// What a GET asks of the logs: ?n= &grep= &level= &since=
#pragma once

#include "lastgood/base/error.h"
#include "lastgood/http/message.h"
#include "lastgood/logs/reader.h"

namespace lastgood::control {

// The Error names the parameter. A regular expression is tried by whoever reads: to look at it may
// take as long as to use it.
Expected<logs::LogQuery> read_log_query(const http::Request& request, WallTime now);

}  // namespace lastgood::control
