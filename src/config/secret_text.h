// One text that may be a secret: `NAME`, `NAME_file` or `NAME_env`.
#pragma once

#include <optional>
#include <string>

#include "config/section.h"

namespace lastgood::config {

struct SecretText {
    std::string key;  // that it stands under
    Mark mark;
    std::string text;  // without the blanks around it; empty: a stand-in, of which nothing is known
};

// `open`: it may stand in a config that others can read. Nothing where it is missing or a fault was
// told; more than one of the three keys is a fault.
std::optional<SecretText> read_secret_text(const Section& section, const std::string& name,
                                           bool open);

// The same for a token: one word of ASCII; "" where there is none.
std::string read_token(const Section& section);

}  // namespace lastgood::config
