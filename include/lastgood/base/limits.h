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
constexpr std::size_t kConnectionsPerPeerMax = 128;  // forges open a few tens in a burst
// Bytes of large bodies being gathered at once; beyond it they wait for room.
constexpr std::uint64_t kBodiesInFlightBytesMax = 64ULL << 20;
// A body up to this size is never refused for the bytes of others: the connection bound holds it.
constexpr std::uint64_t kSmallBodyBytes = 64 * 1024;
constexpr int kRequestsPerConnectionMax = 1000;
// After an answer that ends a connection, what still comes is thrown away for so long and so much:
// closing on unread bytes would reset the connection and lose the answer.
constexpr Millis kLingerTimeMax = 2s;
// When the receiver ends: for requests that are half here.
constexpr Millis kDrainGatherMax = 1s;
constexpr std::size_t kLingerBytesMax = 1 << 20;
// Beyond what the receiver has mapped when it begins: bodies twice (while a string grows), header
// bytes and TLS of every connection.
constexpr std::uint64_t kReceiverMemoryBytesMax = 256ULL << 20;
constexpr Millis kAcceptPause = 100ms;  // when the process is out of descriptors
constexpr int kListenBacklog = 4096;  // beyond it first packets are lost, and come again after 1 s
constexpr std::size_t kReceiverWorkers = 2;  // for large bodies: their signature, their JSON

// --- who may send
constexpr int kBadRequestsPerMinuteDefault = 60;  // of one address, in a burst and for long
constexpr std::size_t kBadSendersMax = 4096;
constexpr std::size_t kNetworksMax = 256;

constexpr std::size_t kTlsFileBytesMax = 64 * 1024;

// --- receiver to daemon
constexpr std::size_t kChannelMessageBytesMax = 256 * 1024;
constexpr std::size_t kJournalBatchMax = 64;  // deliveries written with one fsync
constexpr std::size_t kRefsPerDeliveryMax = 64;
constexpr Millis kJournalAnswerMax = 8s;  // GitHub hangs up after 10 s
constexpr Millis kReceiverRestartMin = 50ms;
constexpr Millis kReceiverRestartMax = 5s;
constexpr Millis kReceiverSettledAfter = 10s;  // lived so long: its next end counts as the first
constexpr Millis kReceiverStopMax = 10s;       // to answer what it holds

// --- payloads
constexpr Millis kSignatureAgeMax = 5min;   // of signatures with a timestamp, either way
constexpr std::size_t kSignaturesMax = 16;  // in one header
constexpr std::size_t kDeliveryIdBytesMax = 200;
constexpr std::size_t kEventNameBytesMax = 100;
constexpr std::size_t kRefBytesMax = 1024;
constexpr std::size_t kRepositoryUrlsMax = 8;
constexpr std::size_t kJsonDepthMax = 64;  // forges nest under ten
// Elements of a list in a payload that are looked at; of those that name refs, the receiver keeps
// the first kRefsPerDeliveryMax.
constexpr std::size_t kJsonElementsMax = 1000;

// --- config
constexpr std::size_t kConfigBytesMax = 1 << 20;
constexpr std::size_t kConfigNodesMax = 50'000;  // with each use of an anchor counted
constexpr std::size_t kConfigDepthMax = 32;
constexpr std::size_t kRuntimeDirBytesMax = 80;  // socket paths below it must stay under 108
constexpr std::size_t kSecretBytesMin = 16;
constexpr std::size_t kSecretFileBytesMax = 64 * 1024;
constexpr std::size_t kSecretsMax = 16;  // each costs one HMAC per delivery

// --- git
constexpr Millis kFetchTimeDefault = 5min;
constexpr Millis kConnectTimeMax = 15s;
constexpr Millis kSilenceMax = 30s;
constexpr Millis kMaterialiseTimeMax = 10min;
constexpr Millis kMaintainTimeMax = 1h;  // of a mirror, in the background
constexpr Millis kMaintainFirst = 1min;  // after the daemon's start, and after a deployment
constexpr Millis kMaintainEvery = 24h;
constexpr Millis kCommitAppearsWithin = 60s;  // forges announce before they replicate
constexpr std::uint64_t kPackBytesMax = 4ULL << 30;
constexpr std::size_t kWorkerLineBytesMax = 1 << 20;
constexpr Millis kFetchSpacing = 200ms;  // between fetches of an app of which each cancels the last
constexpr Millis kFetchRetryMin = 1s;
constexpr Millis kFetchRetryMax = 5min;
constexpr Millis kPollDefault = 10min;
constexpr Millis kPollBackoffMax = 1h;
constexpr Millis kRemoteListTimeMax = 1min;
constexpr Millis kMirrorLockWaitMax = 2min;  // another worker of the app may be fetching
constexpr std::size_t kTreeEntriesMax = 2'000'000;
constexpr std::size_t kTreeDepthMax = 256;
constexpr std::uint64_t kBlobBytesMax = 256ULL << 20;   // one file; it is held in memory
constexpr std::uint64_t kBlobBytesLarge = 16ULL << 20;  // from here on one file at a time
constexpr std::size_t kWriterThreadsMax = 4;            // of a release's files
constexpr int kSubmoduleDepthMax = 8;
constexpr std::size_t kSubmodulesMax = 1000;
constexpr std::size_t kSubjectBytesMax = 200;
constexpr std::size_t kGitOutputBytesMax = 64 * 1024;     // of git and the like, each stream
constexpr std::size_t kVerifiedCommitsMax = 10'000;       // whose signatures one deployment asks
constexpr std::size_t kSignedCommitBytesMax = 16 << 20;   // it is held in memory
constexpr std::size_t kSignatureBytesMax = 256 * 1024;    // the largest algorithms need 50 KB
constexpr std::size_t kGitMappedBytesMax = 256ULL << 20;  // libgit2's windows into packs
constexpr std::size_t kGitWindowBytes = 32ULL << 20;      // one of them; its default is 1 GB
constexpr std::size_t kGitCacheBytesMax = 32ULL << 20;
// Of one git process: a remote without end must not use up the machine. Files above
// core.bigFileThreshold pass through; ten million objects need 1 GB.
constexpr std::uint64_t kGitMemoryBytesMax = 4ULL << 30;
constexpr std::size_t kTokenBytesMax = 4096;
constexpr int kCredentialTriesMax = 3;  // libgit2 asks again for ever

// --- deployments
// Commits of which one fetch finds the newest: the wanted one and those it superseded. Of more
// wishes the branch's tip is taken.
constexpr std::size_t kCandidatesMax = 64;
constexpr int kStartAttemptsMax = 5;  // boot counter: starts begun without an outcome
constexpr Millis kBuildTimeDefault = 15min;
constexpr Millis kReadyWithinDefault = 30s;
constexpr Millis kProbationDefault = 60s;
constexpr Millis kStopTimeoutDefault = 10s;
constexpr Millis kRestartBackoffDefault = 100ms;
constexpr Millis kRestartBackoffMaxDefault = 30s;
constexpr int kKeepReleasesDefault = 5;
constexpr int kProbeFailuresMax = 3;
constexpr Millis kProbeEvery = 2s;  // while in probation, or watched
constexpr Millis kProbeTimeMax = 2s;
constexpr int kPatience = 3;  // times `ready.within`, where users may wait before the probe
constexpr Millis kMemorySampleEvery = 10s;  // of an app with memory_max
constexpr Millis kSampleFirst = 5s;         // of what an app uses, after the daemon's start
constexpr Millis kSampleEvery = 60s;
constexpr Millis kSamplesKept = 24h;
constexpr Millis kRenewSpacing = 60s;  // of one that is too large, fresh or not
constexpr Millis kStoreRetry = 1s;
constexpr std::size_t kReasonBytesMax = 2000;

// --- rollouts over a fleet
constexpr int kFleetUnavailablePercentDefault = 10;
constexpr Millis kFleetCanarySoakDefault = 2min;
constexpr Millis kFleetLostHoldDefault = 2min;  // stop.timeout and kPatience times ready.within
constexpr Millis kFleetCatchUpWithin = 10s;
constexpr Millis kFleetWavePatience = 30min;       // a newer wish waits so long for a wave
constexpr Millis kFleetAskAgain = 2s;              // what a mirror couldn't answer
constexpr std::size_t kFleetGrantsAtOnce = 50;     // etcd takes 128 operations at once by default
constexpr std::size_t kFleetProposalsAtOnce = 30;  // that one transaction decides
constexpr std::size_t kFleetOperationsMax = 128;
constexpr std::size_t kFleetHistoryMax = 100;  // of each app
constexpr std::size_t kFleetGoodMax = 10;      // that can be gone back to
constexpr std::size_t kFleetNamesTold = 5;     // hosts, in one sentence

// --- notifications
constexpr std::size_t kNotifyTargetsMax = 32;      // of one app
constexpr std::size_t kNoticesPerTargetMax = 500;  // waiting; beyond it the oldest is given up
constexpr Millis kNoticeAgeMax = 72h;              // a weekend
constexpr Millis kNoticeRetryMin = 5s;
constexpr Millis kNoticeRetryMax = 1h;
constexpr Millis kNoticeRetryAfterMax = 24h;  // what a receiver may ask for
constexpr std::size_t kNotifiersAtOnce = 16;  // one target each: a dead one holds up no other
constexpr Millis kNoticeTimeMax = 20s;        // of one request
constexpr Millis kNotifierTimeMax = 60s;      // of the process; of a command or sendmail, too
constexpr std::size_t kNoticeAnswerBytesMax = 256 * 1024;
constexpr std::size_t kNotifierJobBytesMax = 60 * 1024;  // a pipe holds it whole
constexpr std::size_t kNoticeReasonBytesMax = 700;       // of a reason, in a message
constexpr std::size_t kForgeTextMax = 140;               // GitHub's bound of a status' text
constexpr int kFetchFailuresTold = 5;                    // in a row, of a deployment's fetch: 15 s
constexpr int kLooksFailedTold = 2;                      // in a row, of the poller's looks
// An ssh server begins to turn connections down when ten are not signed in yet (MaxStartups), each
// look is two processes, and a start has better things to do.
constexpr int kLooksAtOnce = 8;

// --- processes and output
constexpr Millis kDrainMin = 200ms;  // a handshake under way ends in this time
constexpr Millis kKillConfirmMax = 5s;
constexpr Millis kStrayTermMax = 300ms;  // between TERM and KILL for what a release left behind
constexpr std::size_t kRelayConnectionsMax = 512;
constexpr std::size_t kRelayBufferBytes = 16 * 1024;     // each way
constexpr std::size_t kListensMax = 8;                   // addresses of one app
constexpr int kSlotBacklog = 4096;                       // a crashed app's connections wait here
constexpr std::uint64_t kStepLogBytesMax = 64ULL << 20;  // output of one build or hook that is kept
constexpr std::size_t kDeploymentLogsKept = 100;         // of each app, the newest
constexpr std::size_t kReadBytes = 64 * 1024;            // from a pipe at once
constexpr std::size_t kLineBytesMax = 64 * 1024;
constexpr std::size_t kTailLines = 20;
constexpr std::size_t kTailBytes = 8 * 1024;
constexpr std::uint64_t kLogBytesMaxDefault = 10ULL << 20;
constexpr int kLogKeepDefault = 5;

// --- control API and command line
constexpr std::size_t kControlConnectionsMax = 128;
constexpr int kRowsDefault = 20;  // of history and deliveries
constexpr int kRowsMax = 1000;
constexpr std::size_t kOperatorBytesMax = 64;  // a person's name
constexpr std::size_t kSubscribersMax = 64;
constexpr std::size_t kSubscriberBytesMax = 256 * 1024;  // unsent; beyond it the subscriber goes
constexpr Millis kSubscriberCommentEvery = 15s;          // so that both sides notice a dead peer
constexpr std::size_t kSessionsMax = 64;  // of the dashboard; the one that is idle longest goes
constexpr Millis kSessionIdleMax = 12h;
constexpr Millis kSessionAgeMax = 7 * 24h;
constexpr int kWrongTokensPerMinute = 10;   // of one address, then 429
constexpr std::size_t kLogReadersMax = 16;  // processes that read logs for the API, at once
constexpr Millis kLogReadTimeMax = 10s;     // of one that doesn't follow
constexpr std::size_t kLogAnswerBytesMax = 8 << 20;
constexpr std::uint64_t kLogReaderMemoryBytesMax = 1ULL << 30;
constexpr std::size_t kCrashesKept = 100;  // of each app, for the timeline
constexpr std::size_t kLogPatternBytesMax = 256;
constexpr std::size_t kStepOutputPieceBytes = 64 * 1024;  // of a deployment's output, in one answer
constexpr Millis kCommandAnswerMax = 30s;
constexpr Millis kDaemonAwayMax = 30s;  // a waiting command outlives a restart of the daemon
constexpr Millis kDaemonAwayRetry = 250ms;
constexpr Millis kWatchEvery = 2s;

// --- what the commands ask of forges and of the own front door
constexpr std::size_t kUrlBytesMax = 2048;
constexpr Millis kRemoteConnectMax = 10s;
constexpr Millis kRemoteSilenceMax = 20s;
constexpr Millis kRemoteTimeMax = 60s;  // of one request, whatever the other side does
constexpr std::size_t kRemoteAnswerBytesMax = 8 << 20;
constexpr std::size_t kRemoteHeadBytesMax = 64 * 1024;
constexpr std::size_t kRemoteHeadLineBytesMax = 8 * 1024;
// cpp-httplib reads the first line by a recursive regex: a long one would end the process.
constexpr std::size_t kRemoteStatusLineBytesMax = 1024;
constexpr int kRemoteRedirectsMax = 3;
constexpr int kForgePagesMax = 50;                  // 5,000 hooks or deliveries
constexpr Millis kForgeRedeliversMax = 72h;         // GitHub sends nothing again that is older
constexpr std::size_t kForgeRedeliveriesMax = 200;  // asked for by one command

// --- relay
constexpr std::size_t kRelayEventBytesMax = 64ULL << 20;  // the largest body in base64, or escaped
constexpr std::size_t kRelayMembersMax = 256;             // of an event; headers, mostly
constexpr std::size_t kRelayHeaderBytesMax = 4096;        // of one that is passed on
constexpr Millis kRelaySilenceMax = 90s;                  // smee pings every 30 s
constexpr Millis kRelayConnectionMax = 24h;
constexpr Millis kRelayRetryMin = 1s;  // doubled up to kRelayRetryMax, with jitter
constexpr Millis kRelayRetryMax = 60s;
constexpr Millis kRelayHoldMax = 10min;  // a delivery that the receiver can't take yet

// --- fleet: etcd
constexpr Millis kEtcdTimeMax = 1500ms;  // of one request at one endpoint
constexpr Millis kEtcdConnectMax = 1s;
// A transaction that a dying leader took with it is never answered, and the next leader is there a
// second later. Never twice in a row: a slow etcd would not get to answer.
constexpr Millis kEtcdHastyTimeMax = 700ms;
constexpr Millis kEtcdWatchTimeMax = 24h;       // then it is opened anew
constexpr Millis kEtcdWatchSilenceMax = 15min;  // it says that it lives every 10 min
constexpr Millis kEtcdRetryMin = 50ms;          // doubled up to kEtcdRetryMax, with jitter
constexpr Millis kEtcdRetryMax = 1s;
constexpr std::size_t kEtcdAnswerBytesMax = 32 << 20;
constexpr std::size_t kEtcdMessageBytesMax = 16 << 20;  // of a watch, which splits what is longer
constexpr std::int64_t kEtcdPageKeys = 500;
constexpr std::size_t kEtcdKeysMax = 500'000;  // of one list
constexpr std::size_t kEtcdTxnOpsMax = 100;    // etcd's own default is 128
constexpr std::size_t kEtcdEndpointsMax = 16;
constexpr std::size_t kEtcdTokenBytesMax = 4096;

// --- fleet: hosts and their agent
constexpr Millis kFleetLease = 15s;  // of a host; without news for so long it counts as gone
constexpr Millis kFleetKeepAliveEvery = 4s;  // three tries in a lease
constexpr Millis kFleetElectionLease = 6s;   // of the controller
constexpr Millis kFleetElectionKeepEvery = 1500ms;
constexpr Millis kFleetWatchGrace = 2s;    // for a watch to say what a read has seen
constexpr Millis kFleetControlEvery = 1s;  // the controller looks again, if only time has passed
constexpr Millis kFleetStampedeMax = 5s;   // hosts that come back spread over so long
constexpr Millis kFleetOrderMax = 5s;      // for etcd to have an order; then 503
constexpr Millis kFleetAgentRestartMin = 100ms;
constexpr Millis kFleetAgentRestartMax = 10s;
constexpr std::size_t kFleetNameBytesMax = 63;  // of a group, a host, a label
constexpr std::size_t kFleetLabelsMax = 16;
constexpr std::size_t kFleetValueBytesMax = 16 * 1024;  // of a key; a reason is the longest

// --- doctor
constexpr std::uint64_t kDiskBytesLow = 1ULL << 30;    // a warning
constexpr std::uint64_t kDiskBytesOut = 100ULL << 20;  // a release may not fit any more
constexpr unsigned kDiskPercentLow = 5;                // of bytes and of inodes
constexpr std::uint64_t kDiskInodesOut = 1000;
constexpr std::uint64_t kRuntimeBytesOut = 1ULL << 20;  // sockets and pipes need next to nothing
constexpr Millis kClockOffLow = 30s;
constexpr Millis kClockOffOut = kSignatureAgeMax;  // from here on signed timestamps are refused
constexpr Millis kCertificateSoon = 14 * 24h;
constexpr Millis kExamineTimeMax = 2min;                 // of a remote and a mirror
constexpr std::uint64_t kExamineBytesMax = 64ULL << 20;  // of a pack that only shows it would come
constexpr std::size_t kExaminationsAtOnce = 4;
constexpr Millis kExamineAnswerMax = 5s;  // of the daemon

}  // namespace lastgood::limits
