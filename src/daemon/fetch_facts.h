// What a fetch found, as the core asks of it.
#pragma once

#include "lastgood/core/commit_policy.h"
#include "lastgood/git/session.h"

namespace lastgood::daemon {

core::FetchFacts facts_of(const git::FetchResult& result);

}  // namespace lastgood::daemon
