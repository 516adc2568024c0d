// From a project's files to a plan; pure.
//
// The first kind that says how the project is run wins: a language's own files, then CMake, Make
// and scripts, then Docker Compose, which often only brings what a program needs beside it, then a
// site of files, which runs nothing itself. So a package.json that only builds a site counts last:
// it is often the front end of something else; one whose builder is known counts before a site's
// files, which are its templates. A line `web:` of a Procfile says how to run whatever
// was found.
#pragma once

#include <optional>

#include "cli/init/plan.h"
#include "cli/init/tree.h"

namespace lastgood::cli::planning {

// Without any sign of how it is run: a plan without `run`, and a note that says so.
Plan detect(const Tree& tree);

// One look for each kind. Nothing: the tree is not of this kind. An empty `run`: it is, but nothing
// says how it is run.
std::optional<Plan> find_node(const Tree& tree);
std::optional<Plan> find_node_site(const Tree& tree);   // a package.json that only builds files
std::optional<Plan> find_built_site(const Tree& tree);  // the same, by a builder that is known
std::optional<Plan> find_python(const Tree& tree);
std::optional<Plan> find_go(const Tree& tree);
std::optional<Plan> find_rust(const Tree& tree);
std::optional<Plan> find_ruby(const Tree& tree);
std::optional<Plan> find_php(const Tree& tree);
std::optional<Plan> find_cmake(const Tree& tree);
std::optional<Plan> find_make(const Tree& tree);
std::optional<Plan> find_script(const Tree& tree);
std::optional<Plan> find_site(const Tree& tree);
std::optional<Plan> find_compose(const Tree& tree);

// How Docker Compose is there: `docker compose`, or only as a program of its own (docker-compose,
// as Debian 12 has it). Of a plan of that kind.
enum class Compose { plugin, program, none };
void call_compose(Plan& plan, Compose there);

}  // namespace lastgood::cli::planning
