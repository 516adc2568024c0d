// The part of an app's section that says which commits count, how they are got, and how they become
// releases.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/section.h"
#include "lastgood/config/config.h"

namespace lastgood::config {

// The items of a list of texts, or one text; faults told.
std::vector<std::pair<std::string, Mark>> read_texts(const Section& section, std::string_view key);

void read_paths(const Section& section, std::vector<std::string>& into);
// Of an app that lives in `root`.
void read_cache(const Section& section, const std::string& root, std::vector<CacheFolder>& into);

void read_source(const Section& section, App& app);

}  // namespace lastgood::config
