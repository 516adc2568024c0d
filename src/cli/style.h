// How text looks on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lastgood::cli {

enum class Tone { plain, strong, dim, good, warn, bad };

struct Style {
    bool color = false;
    std::size_t columns = 0;  // of the terminal; 0: no terminal, nothing is cut
    bool redraws = false;     // the terminal can go back over what was written

    // Of stdout. Colours only on a terminal, and not where NO_COLOR is set (to anything) or TERM
    // is "dumb".
    static Style of_stdout();

    [[nodiscard]] std::string paint(Tone tone, std::string_view text) const;
};

// What a state of an app or an outcome of a deployment looks like.
Tone tone_of(std::string_view state_or_outcome);

}  // namespace lastgood::cli
