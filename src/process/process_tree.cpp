#include "lastgood/process/process_tree.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <unordered_set>

#include "lastgood/base/fnv.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/base/sys/tcp_sockets.h"
#include "process/proc.h"

namespace lastgood::process {
namespace {

// Adds to `inside` whoever has a parent in it, until nothing changes.
void add_descendants(const std::vector<proc::Entry>& all, std::unordered_set<pid_t>& inside) {
    bool changed = !inside.empty();
    while (changed) {
        changed = false;
        for (const auto& entry : all) {
            if (inside.contains(entry.parent)) changed |= inside.insert(entry.pid).second;
        }
    }
}

// Of a process that can't be told: may it be of a run?
bool is_orphan(const proc::Entry& entry, pid_t self) {
    return entry.parent == self || entry.parent == 1;
}

}  // namespace

std::string run_token(std::string_view installation, const AppName& app, RunId run) {
    constexpr std::uint64_t kBasis = 1469598103934665603ULL;  // as in every version so far
    const std::uint64_t hash = fnv1a_64(installation, kBasis);
    return app.str() + "/" + std::to_string(run.value) + "/" + std::to_string(hash);
}

TokensInSight tokens_in_sight() {
    TokensInSight seen;
    const pid_t self = getpid();
    for (const auto& entry : proc::processes()) {
        if (entry.pid == self) continue;
        auto [answer, token] = proc::environment_value(entry.pid, "LASTGOOD_RUN");
        if (answer == proc::Answer::yes) seen.tokens.insert(std::move(token));
        if (answer == proc::Answer::unknown) seen.uncertain |= is_orphan(entry, self);
    }
    return seen;
}

std::vector<RunId> runs_of(const TokensInSight& seen, std::string_view installation,
                           const AppName& app) {
    std::vector<RunId> runs;
    for (const std::string& token : seen.tokens) {
        const auto parts = split(token, '/');
        if (parts.size() != 3 || parts[0] != app.str()) continue;
        const RunId run{std::strtoull(parts[1].c_str(), nullptr, 10)};
        if (token == run_token(installation, app, run)) runs.push_back(run);
    }
    return runs;
}

Instant started_at(std::uint64_t start_time) {
    const auto ticks = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
    return Instant(Millis(static_cast<std::int64_t>(start_time * 1000 / ticks)));
}

void adopt_orphans() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

Look ProcessTree::look() const {
    if (!group_) return look_everywhere();
    Look look;
    for (const pid_t pid : group_->processes()) {
        const std::uint64_t start_time = sys::process_start_time(pid);
        if (start_time != 0) look.members.push_back({pid, start_time});
    }
    return look;
}

Look ProcessTree::look_everywhere() const {
    const auto all = proc::processes();
    const pid_t self = getpid();
    const auto leader = std::find_if(all.begin(), all.end(),
                                     [this](const auto& entry) { return entry.pid == main_; });
    // A pid that names another process by now says nothing about sessions and groups either. When
    // the leader is gone its number stays taken as long as somebody is in its session or group.
    const bool reused =
        leader != all.end() && start_time_ != 0 && leader->start_time != start_time_;
    const bool by_pid = main_ > 0 && !reused;
    // Nothing older than the run can belong to it; that spares most of the reading.
    const std::uint64_t since = by_pid ? start_time_ : 0;

    Look look;
    std::unordered_set<pid_t> inside;
    for (const auto& entry : all) {
        if (!by_pid || entry.start_time < since || entry.pid == self) continue;
        look.has_group = look.has_group || entry.group == main_;
        if (entry.pid == main_ || entry.session == main_ || entry.group == main_) {
            inside.insert(entry.pid);
        }
    }
    add_descendants(all, inside);
    const std::string mark = "LASTGOOD_RUN=" + token_;
    const std::size_t before = inside.size();
    for (const auto& entry : all) {
        if (token_.empty() || entry.start_time < since || entry.pid == self) continue;
        if (inside.contains(entry.pid)) continue;
        const auto answer = proc::environment_has(entry.pid, mark);
        if (answer == proc::Answer::yes) inside.insert(entry.pid);
        if (answer == proc::Answer::unknown) look.uncertain |= is_orphan(entry, self);
    }
    if (inside.size() != before) add_descendants(all, inside);
    for (const auto& entry : all) {
        if (inside.contains(entry.pid)) look.members.push_back({entry.pid, entry.start_time});
    }
    return look;
}

bool ProcessTree::contains(pid_t pid) const {
    const auto all = members();
    return std::any_of(all.begin(), all.end(), [pid](const Member& m) { return m.pid == pid; });
}

int ProcessTree::signal_all(int signal, pid_t except) const {
    int sent = 0;
    const Look seen = look();
    if (group_ && signal == SIGKILL && except == 0) group_->kill();
    // A chain that forks faster than it is signalled, process by process, gets it as one.
    if (seen.has_group && signal == SIGKILL && except == 0) ::kill(-main_, SIGKILL);
    for (const Member& member : seen.members) {
        if (member.pid == except) continue;
        if (proc::send_signal(member.pid, member.start_time, signal)) ++sent;
    }
    return sent;
}

std::uint64_t ProcessTree::memory_bytes() const {
    if (group_) {
        if (const auto counted = group_->memory_bytes()) return *counted;
    }
    std::uint64_t sum = 0;
    for (const Member& member : members()) sum += proc::memory_bytes(member.pid);
    return sum;
}

Usage ProcessTree::usage() const {
    Usage sum;
    const auto counted = group_ ? group_->memory_bytes() : std::nullopt;
    for (const Member& member : members()) {
        const auto load = proc::load_of(member.pid);
        sum.cpu += load.cpu;
        sum.threads += load.threads;
        sum.descriptors += proc::descriptors_of(member.pid);
        if (!counted) sum.memory_bytes += proc::memory_bytes(member.pid);
        ++sum.processes;
    }
    if (counted && sum.processes > 0) sum.memory_bytes = *counted;
    if (group_) sum.cpu = group_->cpu_used().value_or(sum.cpu);
    return sum;
}

bool ProcessTree::holds_any(const std::unordered_set<std::uint64_t>& sockets) const {
    if (sockets.empty()) return false;
    const auto all = members();
    return std::any_of(all.begin(), all.end(), [&sockets](const Member& member) {
        return sys::holds_socket(member.pid, sockets);
    });
}

void ProcessTree::forget() const {
    if (group_) group_->remove();
}

}  // namespace lastgood::process
