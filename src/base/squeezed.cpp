#include "lastgood/base/squeezed.h"

#include "lastgood/base/strings.h"

namespace lastgood {

std::string squeezed(std::string_view text) {
    std::string out;
    bool blank = false;
    for (const char c : trim(text)) {
        const bool is_blank = c == ' ' || c == '\t' || c == '\r';
        if (!is_blank) {
            if (blank) out += ' ';
            out += c;
        }
        blank = is_blank;
    }
    return out;
}

}  // namespace lastgood
