// A plan as a commented config.
#pragma once

#include <string>
#include <vector>

#include "cli/init/plan.h"
#include "cli/init/source.h"

namespace lastgood::cli::planning {

struct Setting {
    std::string app;
    std::string listen;       // the app's address; empty: the plan's port on all addresses
    std::string secret_file;  // absolute
    std::string state_dir;
    std::string runtime_dir;
    std::string own_secret{};  // the app's own file, where the one of all can't be its; absolute
};

struct Rendered {
    std::string yaml;
    std::string app;            // its part of `apps` alone, for a config that has others
    std::vector<Note> look_at;  // the notes by their whole key: ready.http, not ready
};

Rendered render(const Plan& plan, const Source& source, const Setting& setting);

// The text as YAML reads it back, in quotes where it needs them; `${` as the config's `$${`.
std::string yaml_text(const std::string& text);

}  // namespace lastgood::cli::planning
