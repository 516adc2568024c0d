// JSON of the verbs that deal with a forge.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/time.h"
#include "lastgood/forge/api.h"

namespace lastgood::cli {

struct Registered {
    std::string app, action, id, url, repository;  // action: "created", "updated"
    bool secret_made = false;
    std::vector<std::string> warnings;
};
std::string registered_json(const Registered& done);

struct Steps {
    std::string app, url, secret;  // secret: where it stands
    bool secret_made = false;
    std::vector<std::string> steps;
};
std::string steps_json(const Steps& steps);

struct HookRow {
    forge::Hook hook;
    bool ours = false;
};
std::string hooks_json(const std::string& app, const std::vector<HookRow>& rows);

std::string removed_json(const std::string& app, const std::string& url,
                         const std::vector<std::string>& ids);

// What a test of the front door led to.
struct Tested {
    std::string app, url, answer, meaning, mend;
    int status = 0;  // 0: no answer
    bool good = false;
    Millis took{};
};
std::string tested_json(const Tested& tested);

struct SyncRow {
    forge::Attempt attempt;
    std::string outcome;  // "asked", "would ask", or why not
};
std::string sync_json(const std::string& app, const std::vector<SyncRow>& rows);

// The receiver's own answer: {"status":…,"reason":…}. Nothing: somebody else's.
struct ReceiverAnswer {
    std::string status, reason;
};
std::optional<ReceiverAnswer> parse_receiver_answer(const std::string& body);

}  // namespace lastgood::cli
