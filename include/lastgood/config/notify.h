// Who is told what happens to an app. Addresses and tokens are read with the config, so that a
// reload brings new ones.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lastgood/core/news_kind.h"

namespace lastgood::config {

enum class TargetKind { slack, discord, teams, matrix, ntfy, webhook, email, command };

std::string_view to_string(TargetKind kind);

struct NotifyTarget {
    TargetKind kind = TargetKind::webhook;
    std::string name{};  // the only one of its app's targets
    std::vector<core::NewsKind> events{};
    // Where it goes over http(s); of matrix: its server's. That of slack, discord and teams is a
    // secret.
    std::string url{};
    std::string room{};             // matrix: "!id:server"
    std::string token{};            // matrix, ntfy; a secret
    std::string secret{};           // webhook: "whsec_…"; empty: it is not signed
    std::string ca_file{};          // path; of the authorities instead of the system's
    std::vector<std::string> to{};  // email
    std::string from{};
    std::string sendmail{};           // path
    std::vector<std::string> argv{};  // command

    [[nodiscard]] bool wants(core::NewsKind news) const;
};

// Commit statuses, and records of deployments, at the app's forge.
struct ForgeStatus {
    std::string token{};        // a secret
    std::string api{};          // of the forge; empty: by the repository's address
    std::string context{};      // the name that the status has there
    std::string environment{};  // of deployment records; empty: none are made
    std::string url{};          // that people get to from there; empty: none
    std::string ca_file{};
};

// The target that forge statuses are in the outbox; no target of the config can have this name.
inline constexpr std::string_view kForgeTarget = "forge-status";

}  // namespace lastgood::config
