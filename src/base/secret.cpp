#include "lastgood/base/secret.h"

#include <sys/random.h>

#include "lastgood/base/assert.h"
#include "lastgood/base/strings.h"

namespace lastgood {

std::string random_hex(std::size_t bytes) {
    std::string random(bytes, '\0');
    // Up to 256 bytes come whole.
    LG_ASSERT(bytes <= 256 &&
              getrandom(random.data(), bytes, 0) == static_cast<ssize_t>(random.size()));
    return hex_encode(random);
}

bool same_secret(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    volatile unsigned char different = 0;  // volatile: nobody may leave the loop early
    for (std::size_t i = 0; i < a.size(); ++i) {
        different = different | static_cast<unsigned char>(a[i] ^ b[i]);
    }
    return different == 0;
}

}  // namespace lastgood
