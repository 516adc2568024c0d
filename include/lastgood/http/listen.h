// Listening sockets for the front: non-blocking, close-on-exec.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::http {

// `host` is a literal IPv4 or IPv6 address; "::" takes IPv4 too. Port 0: any free one. The Error
// names who holds a port that is in use, where /proc tells.
Expected<sys::Fd> listen_tcp(const std::string& host, std::uint16_t port);

// Could listen_tcp() take it now? Nobody gets in meanwhile. An Error where it could never.
Expected<bool> is_free(const std::string& host, std::uint16_t port);

// Removes a stale socket file, after making sure that nobody answers on it. The file gets `mode`
// and the group (a name, or empty: as it comes) before anyone can connect with more rights than
// that. The caller removes the file in the end. No such group: an Error where `group_required`,
// else the group stays.
Expected<sys::Fd> listen_unix(const std::string& path, mode_t mode, const std::string& group,
                              bool group_required = false);

// The port that a TCP socket is bound to, 0 if none.
std::uint16_t local_port(int fd);

}  // namespace lastgood::http
