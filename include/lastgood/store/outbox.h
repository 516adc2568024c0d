// Messages that are to leave this machine, until they have arrived or were given up. They are
// stored with the change that they tell of, in one transaction.
#pragma once

#include <cstdint>
#include <string>

#include "lastgood/base/time.h"

namespace lastgood::store {

struct OutboxRow {
    std::int64_t seq = 0;  // given by the journal; the order
    std::string id;        // the same for each attempt: receivers know by it what they have
    std::string app;
    std::string target;   // by its name in the config
    std::string event;    // core::to_string(NewsKind)
    std::string message;  // JSON, without secrets
    WallTime made_at;
    int tries = 0;
    WallTime due_at;
    std::string failure;  // of the last attempt
};

// What became of all those for one target.
struct OutboxTally {
    std::string app;
    std::string target;
    std::int64_t waiting = 0;
    std::int64_t delivered = 0;
    std::int64_t given_up = 0;
    WallTime last_at;        // of the last that ended either way
    std::string last_event;  // empty: none has ended yet
    bool last_delivered = false;
    std::string last_detail;  // why it was given up
};

// How many rows there are of a word: deployments by outcome, deliveries by decision.
struct CountRow {
    std::string app;
    std::string word;
    std::int64_t count = 0;
    WallTime newest{};  // deployments: when the newest ended
};

}  // namespace lastgood::store
