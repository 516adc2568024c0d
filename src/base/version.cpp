#include "lastgood/base/version.h"

#ifndef LASTGOOD_VERSION
#define LASTGOOD_VERSION "0.1.0"
#endif

namespace lastgood {

const char* program_version() {
    return LASTGOOD_VERSION;
}

}  // namespace lastgood
