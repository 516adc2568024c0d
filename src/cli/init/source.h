// Where the commits come from: what a checkout's remote means in a config.
#pragma once

#include <string>
#include <string_view>

#include "lastgood/core/provider.h"
#include "lastgood/git/checkout.h"

namespace lastgood::cli::planning {

struct Source {
    std::string repo;
    bool is_path = false;          // of this machine
    bool had_credentials = false;  // in the address; they are left out
    std::string branch = "main";
    bool branch_known = true;
    std::string root = ".";  // the app's folder in the repository
    core::Provider provider = core::Provider::standard;
    bool provider_known = true;  // else the host doesn't tell its forge
};

Source source_of(const git::Checkout& checkout);

// The address without a password, and for http without a user, who would be a token.
std::string without_credentials(const std::string& address);

// The name of the repository, or of the app's folder in it, as an app may be called.
std::string app_name_of(const Source& source);

}  // namespace lastgood::cli::planning
