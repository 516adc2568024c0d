// Do two addresses name the same repository?
//
// A forge's payload names its repository by several addresses (https, ssh, the page to read), the
// config by one of its own choosing. Their host and path are what they have in common: user,
// scheme, port and a trailing ".git" say how it is reached and not what it is. Forges take no
// account of case in either part. A path of this machine is itself.
#pragma once

#include <string>
#include <string_view>

namespace lastgood::core {

// "github.com/acme/backend", "/srv/git/backend"; empty for what is no address of a repository.
std::string repository_id(std::string_view address);

}  // namespace lastgood::core
