// When each of the remote's refs was last brought into the mirror, so that apps that share it fetch
// once for one push. Kept in the mirror; counts until the machine starts anew.
#pragma once

#include <string>

#include "lastgood/base/time.h"

namespace lastgood::git {

// The mirror's lock must be held. Did a fetch of this ref begin after `asked`?
bool was_fetched_since(const std::string& mirror, const std::string& ref, Instant asked);
void note_fetch(const std::string& mirror, const std::string& ref, Instant began);

}  // namespace lastgood::git
