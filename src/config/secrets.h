// Webhook secrets: where they come from, and whether they are any good.
#pragma once

#include <string>
#include <vector>

#include "config/section.h"

namespace lastgood::config {

struct Secrets {
    bool named = false;  // one of the keys is there, whatever came of it
    Mark mark;           // of that key
    SecretPlace place;
    std::vector<std::string> values;
};

// By NAME_file, NAME_env or NAME, of which one at most may be there.
Secrets read_secrets(const Section& section, const std::string& name = "secret");

// The key `provider` of a webhook section.
void read_provider(const Section& webhook, Provider& into);

// What is wrong with it for this provider; empty: nothing.
std::string fault_for(Provider provider, const std::string& secret);

}  // namespace lastgood::config
