// A Session with deadlines of one's own, for tests that meet them.
#pragma once

#include <memory>
#include <string>

#include "lastgood/base/limits.h"
#include "lastgood/git/session.h"

namespace lastgood::git {

struct SessionLimits {
    Millis list = limits::kRemoteListTimeMax;
    Millis fetch = limits::kFetchTimeDefault;
    Millis maintain = limits::kMaintainTimeMax;
    Millis examine = limits::kExamineTimeMax;
    Millis materialise = limits::kMaterialiseTimeMax;  // and seal, and remove_releases
};

std::unique_ptr<Session> open_session(sys::EventLoop& loop, sys::Reaper& reaper,
                                      std::string program, Remote remote, SessionLimits limits);

}  // namespace lastgood::git
