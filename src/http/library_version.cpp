#include "lastgood/http/library_version.h"

#include <httplib.h>

namespace lastgood::http {

std::string library_version() {
    return CPPHTTPLIB_VERSION;
}

}  // namespace lastgood::http
