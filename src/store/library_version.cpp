#include "lastgood/store/library_version.h"

#include <sqlite3.h>

namespace lastgood::store {

std::string library_version() {
    return sqlite3_libversion();
}

}  // namespace lastgood::store
