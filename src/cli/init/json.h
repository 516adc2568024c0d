// What `init` did, and as JSON.
#pragma once

#include <string>
#include <vector>

#include "cli/init/plan.h"

namespace lastgood::cli {

struct InitDone {
    std::string config, secret;  // where they are
    std::string app, kind, found;
    bool secret_made = false;  // else one was there
    bool at_forge = false;     // the hook is made at a forge, which needs an address to send to
    std::string before;        // where the comments went that were the whole config; empty: none
    std::vector<planning::Note> look_at;
};
std::string init_json(const InitDone& done);

}  // namespace lastgood::cli
