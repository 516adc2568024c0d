// Opening what lies below a folder, through no link: whoever may write there can't lead one out.
#pragma once

#include <sys/types.h>

#include <string>

#include "lastgood/base/sys/fd.h"

namespace lastgood::sys {

// By openat2(2), where the service manager lets it through (RestrictSUIDSGID of systemd doesn't),
// else component by component. O_NOFOLLOW and O_CLOEXEC are added. errno where it fails.
Fd open_beneath(int folder, const std::string& path, int flags, mode_t mode = 0);

// The second way by itself.
Fd open_by_components(int folder, const std::string& path, int flags, mode_t mode = 0);

}  // namespace lastgood::sys
