// What a forge is told of a commit: its status, and the record of its deployment. Pure.
//
// A commit's last word is "failure" when it is rolled back, however long it had been good before.
// Each request is safe to make again: a status is replaced by one of the same name, and a record is
// looked for before it is made.
#pragma once

#include <string>

#include "lastgood/core/resend_policy.h"
#include "lastgood/forge/api.h"

namespace lastgood::forge {

enum class CommitState {
    pending,
    success,
    failure,
    left_out,  // it was begun, and not deployed after all: no fault of its own
    inactive,  // of records: another one took its place
};

struct StatusWish {
    std::string commit;  // full id
    CommitState state = CommitState::pending;
    std::string text;         // any length; is cut to what the forge takes
    std::string context;      // the status' name
    std::string environment;  // of records; empty: none
    std::string ref;          // the branch; empty: a tag
    std::string url;          // for people; empty: none
};

ApiRequest set_status(const ApiPlace& place, const std::string& token, const StatusWish& wish);

// Whether the token gets us to the repository at all; changes nothing.
ApiRequest look_at_repository(const ApiPlace& place, const std::string& token);

// Records of deployments. Gitea and Forgejo have none.
bool has_records(core::Provider provider);
ApiRequest find_record(const ApiPlace& place, const std::string& token, const StatusWish& wish);
struct Record {
    std::string id;     // empty: there is none, or the answer is not understood
    std::string state;  // GitLab: as it is now
};
// The commit's newest one.
Record found_record(const ApiPlace& place, const ApiAnswer& answer, const StatusWish& wish);
ApiRequest make_record(const ApiPlace& place, const std::string& token, const StatusWish& wish);
Record made_record(const ApiPlace& place, const ApiAnswer& answer);
// GitLab refuses to make a record what it is already.
bool is_marked(const ApiPlace& place, const Record& record, const StatusWish& wish);
ApiRequest mark_record(const ApiPlace& place, const std::string& token, const std::string& id,
                       const StatusWish& wish);

// Where an answer means something else than it would from anybody else.
std::optional<core::Sent> judge_status(const ApiPlace& place, const ApiAnswer& answer,
                                       WallTime now);
// What a token for it must be allowed to do.
std::string status_token_hint(const ApiPlace& place);
// The forge's own words for why it refuses; empty: none.
std::string words_of(const ApiAnswer& answer);

}  // namespace lastgood::forge
