// From what was measured to a verdict. Pure: no file, no clock, no socket.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/answers.h"
#include "cli/doctor/account.h"
#include "lastgood/base/finding.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/base/sys/tcp_sockets.h"
#include "lastgood/base/time.h"
#include "lastgood/config/config.h"

namespace lastgood::cli::diagnosis {

struct Space {
    std::uint64_t free_bytes = 0;
    std::uint64_t bytes = 0;
    std::uint64_t free_inodes = 0;
    std::uint64_t inodes = 0;  // 0: the file system makes them as needed
};
// By bytes first, then by inodes.
Finding judge_space(const std::string& folder, const Space& space);

// What the log files under `folder` take. They are bounded, each by log.max_size and log.keep.
struct LogSpace {
    std::uint64_t bytes = 0;
    std::size_t files = 0;
};
Finding judge_logs(const std::string& folder, const LogSpace& logs, const Space& disk);

// Why a stranger could guess it; empty: it is strong. Of a signing token (whsec_) its key counts.
std::string weakness_of(std::string_view secret);

Finding judge_certificate(const std::string& summary, WallTime expires, WallTime now);

// A container has its host's clock.
inline constexpr const char* kSetClock = "timedatectl set-ntp true (for a container: on its host)";

// `ahead`: how much later our clock is than that of `other`.
Finding judge_clock(Millis ahead, const std::string& other);

// A file as the one sees it who must read it.
struct FileView {
    int failure = 0;  // errno of opening it
    mode_t mode = 0;
    uid_t owner = 0;
    bool empty = false;
};
enum class FileKind {
    secret,    // nobody else may read it
    token,     // nor is it empty
    ssh_key,   // and ssh wants 0600
    settings,  // nobody else may change it
};
struct FileQuestion {
    std::string check;
    std::string key;  // of the config
    std::string path;
    FileKind kind = FileKind::secret;
};
Finding judge_file(const FileQuestion& question, const FileView& view, const std::string& reader,
                   uid_t reader_uid);

// How telling one target goes.
Finding judge_target(const TargetView& target, WallTime now);

struct PortView {
    std::string address;
    std::string app{};  // empty: the receiver's
    bool free = false;
    std::vector<sys::PortHolder> holders;  // empty with a taken port: can't be told
    bool held_by_daemon = false;
    bool held_by_app = false;  // a process of this app that outlived its daemon
    std::optional<Error> fault;
};
Finding judge_port(const PortView& port, bool daemon_runs);

// Of an app that the running daemon doesn't have. `config`: where it stands; `sure`: the daemon is
// known to read that one.
Finding judge_unknown(const std::vector<PortView>& ports, const std::string& config, bool sure);

// Of an address with a user: is there a password, too?
bool holds_password(std::string_view url);

// Every `KEY=` of a systemd unit and its drop-ins, in order.
std::vector<std::string> settings_in_unit(std::string_view unit, std::string_view key);
// The last of them; empty: none.
std::string setting_in_unit(std::string_view unit, std::string_view key);

bool has_private_tmp(std::string_view unit);

// Why an app can't run as `wanted`.
std::optional<Error> user_fault(const Account& daemon, const sys::Identity& wanted);

}  // namespace lastgood::cli::diagnosis
