// What an examination found of one thing, for people.
#pragma once

#include <string>

namespace lastgood {

enum class Verdict { ok, warn, fail };

struct Finding {
    std::string check;  // what was looked at: "remote", "disk"
    Verdict verdict = Verdict::ok;
    std::string found;
    std::string mend;  // where it isn't ok: what to do, a command where there is one
};

}  // namespace lastgood
