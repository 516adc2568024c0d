// Every bound of the program, in one place, with its reason. Bounds that the config sets have their
// default here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "lastgood/base/time.h"

namespace lastgood::limits {

using namespace std::chrono_literals;

// --- HTTP (the front gathers a request whole before anything looks at it)
constexpr std::size_t kHeaderBytesMax = 16 * 1024;  // forges send under 2 KB
constexpr std::size_t kHeaderCountMax = 100;
constexpr std::uint64_t kBodyBytesMaxDefault = 25ULL << 20;  // what GitHub and GitLab stop at
constexpr std::size_t kControlBodyBytesMax = 1 << 20;
constexpr Millis kHeaderTimeMax = 10s;
constexpr Millis kBodyTimeMax = 60s;
constexpr Millis kResponseTimeMax = 30s;
constexpr Millis kIdleTimeMax = 30s;
constexpr std::size_t kConnectionsMax = 1024;
// Bytes of bodies being gathered at once; beyond it new bodies are refused with 503.
constexpr std::uint64_t kBodiesInFlightBytesMax = 64ULL << 20;
constexpr std::size_t kReceiverWorkers = 16;  // each waits for one fsync at a time

// --- receiver to daemon
constexpr std::size_t kChannelMessageBytesMax = 256 * 1024;
constexpr std::size_t kJournalBatchMax = 64;  // deliveries written with one fsync
constexpr std::size_t kRefsPerDeliveryMax = 64;
constexpr Millis kJournalAnswerMax = 8s;  // GitHub hangs up after 10 s
constexpr Millis kReceiverRestartMin = 50ms;
constexpr Millis kReceiverRestartMax = 5s;

// --- git
constexpr Millis kFetchTimeMax = 5min;
constexpr Millis kConnectTimeMax = 15s;
constexpr Millis kSilenceMax = 30s;
constexpr Millis kMaterialiseTimeMax = 10min;
constexpr Millis kCommitAppearsWithin = 60s;  // forges announce before they replicate
constexpr std::uint64_t kPackBytesMax = 4ULL << 30;
constexpr std::size_t kWorkerLineBytesMax = 1 << 20;
constexpr Millis kFetchRetryMin = 1s;
constexpr Millis kFetchRetryMax = 5min;
constexpr Millis kPollDefault = 10min;
constexpr Millis kPollBackoffMax = 1h;
constexpr Millis kRemoteListTimeMax = 1min;

// --- deployments
constexpr std::size_t kCandidatesMax = 64;  // superseded commits remembered for the ancestry
constexpr int kStartAttemptsMax = 5;        // boot counter: starts begun without an outcome
constexpr Millis kBuildTimeDefault = 15min;
constexpr Millis kReadyWithinDefault = 30s;
constexpr Millis kProbationDefault = 60s;
constexpr Millis kStopTimeoutDefault = 10s;
constexpr Millis kRestartBackoffDefault = 100ms;
constexpr Millis kRestartBackoffMaxDefault = 30s;
constexpr int kKeepReleasesDefault = 5;
constexpr int kProbeFailuresMax = 3;
constexpr Millis kProbeEvery = 2s;  // while in probation
constexpr Millis kProbeTimeMax = 2s;
constexpr Millis kStoreRetry = 1s;
constexpr std::size_t kReasonBytesMax = 2000;

// --- processes and output
constexpr Millis kDrainMin = 200ms;  // a handshake under way ends in this time
constexpr Millis kKillConfirmMax = 5s;
constexpr std::size_t kRelayConnectionsMax = 512;
constexpr std::size_t kLineBytesMax = 64 * 1024;
constexpr std::size_t kTailLines = 20;
constexpr std::size_t kTailBytes = 8 * 1024;
constexpr std::uint64_t kLogBytesMaxDefault = 10ULL << 20;
constexpr int kLogKeepDefault = 5;

}  // namespace lastgood::limits
