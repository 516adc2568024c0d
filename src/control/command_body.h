// What a POST says: read strictly, so that a misspelt "force" is told and not passed over.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/error.h"

namespace lastgood::control {

struct CommandBody {
    std::string commit;  // 4 to 64 hex digits, lower case; empty: not given
    std::string to;      // likewise
    std::string id;      // of a delivery
    std::string by;      // printable and bounded
    bool force = false;
};

// An empty body counts as {}. `allowed` names the fields that this command knows besides "by".
Expected<CommandBody> parse_command_body(std::string_view body,
                                         const std::vector<std::string>& allowed);

// Who asks: the name of the user who connected. Root may speak for someone else (sudo, an
// automation): then `claimed` counts. `peer`: "unix:UID".
std::string operator_name(std::string_view peer, const std::string& claimed);

}  // namespace lastgood::control
