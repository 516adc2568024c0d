// A message in the form that one target takes it, ready to be sent; and what the answer means.
// Pure.
//
// Text from outside (subjects, reasons, names) is never markup there: each form says how.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/config/notify.h"
#include "lastgood/core/provider.h"
#include "lastgood/core/resend_policy.h"
#include "lastgood/forge/api.h"
#include "lastgood/notify/message.h"

namespace lastgood::notify {

// One request; any 2xx is a delivery.
struct HttpParcel {
    forge::ApiRequest request;
    std::string ca_file;
};

// Exit code 0 is a delivery.
struct ProgramParcel {
    std::vector<std::string> argv;
    std::vector<std::string> env;  // beside PATH and the like
    std::string input;
    bool is_sendmail = false;  // its exit codes are sysexits(3)
};

// Commit status and deployment record: several requests, each safe to make twice.
struct ForgeParcel {
    forge::ApiPlace place;
    config::ForgeStatus status;
    Message message;
};

using Parcel = std::variant<HttpParcel, ProgramParcel, ForgeParcel>;

Parcel make_parcel(const config::NotifyTarget& target, const Message& message, WallTime now);

// An Error: the repository's address names no place at a forge.
Expected<Parcel> make_parcel(const config::ForgeStatus& status, core::Provider provider,
                             const std::string& repo, const Message& message);

// Has this message a place at the forge?
bool is_for_forge(const Message& message);

// One JSON object, with the secrets: for the notifier's stdin alone.
std::string encode_parcel(const Parcel& parcel);
Expected<Parcel> decode_parcel(const std::string& text);
std::string encode_sent(const core::Sent& sent);
Expected<core::Sent> decode_sent(const std::string& text);

// Of an answer that is no 2xx: worth another attempt, or never to be taken?
core::Sent judge_answer(const forge::ApiAnswer& answer, WallTime now);
core::Sent judge_exit(const ProgramParcel& parcel, int wait_status, const std::string& said);

}  // namespace lastgood::notify
