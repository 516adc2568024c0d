// A connection to the daemon's unix socket, with the reason where there is none.
#pragma once

#include <string>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::http {

Expected<sys::Fd> connect_unix(const std::string& path);

}  // namespace lastgood::http
