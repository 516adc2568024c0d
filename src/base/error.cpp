#include "lastgood/base/error.h"

#include <system_error>

namespace lastgood {

Error system_error(const std::string& what, int errno_value) {
    return Error{what + ": " + std::generic_category().message(errno_value), {}};
}

}  // namespace lastgood
