#include "lastgood/forge/library_version.h"

#include <openssl/crypto.h>

namespace lastgood::forge {

std::string library_version() {
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}

}  // namespace lastgood::forge
