// Many hosts of a fleet in one process, for bench/fleet.py. Each has the real agent, with its own
// threads and connections to etcd; only its daemon is played here: a deployment is some time of
// work, and then good.
//
//   lastgood_bench_fleet ENDPOINT,… GROUP FIRST COUNT FOLDER WORK_MS MAX_UNAVAILABLE START_MS
//
// Hosts are named h00FIRST and on, and start within START_MS. Commands come by lines on the
// standard input, answers are one line of JSON each; times are microseconds of CLOCK_MONOTONIC:
//   state      how many are connected, and which one is the controller
//   seen N     when each host first saw wish N
//   deploys    [host, begin, end] of each deployment since the last such question
//   bytes      what the TCP connections that are open now have sent and received
#include <dirent.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fleet/host_agent.h"
#include "lastgood/base/sys/message_channel.h"

namespace lastgood::fleet {
namespace {

using Json = nlohmann::json;

const AppName kApp = *AppName::parse("app");

std::int64_t now_us() {
    timespec at{};
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1'000'000 + at.tv_nsec / 1'000;
}

// Commits of the benchmark are numbers, and each descends from those before it.
bool before(const CommitId& a, const CommitId& b) {
    return a.hex() < b.hex();
}

core::FetchFacts facts_of(const core::FleetQuestion& question) {
    core::FetchFacts facts;
    std::vector<CommitId> commits;
    if (question.request.commit) commits.push_back(*question.request.commit);
    for (const auto& other : question.request.over) commits.push_back(other.commit);
    facts.live_known = question.live.has_value();
    for (const CommitId& commit : commits) {
        if (!facts.tip || before(*facts.tip, commit)) facts.tip = commit;
        core::CommitStanding standing{.commit = commit};
        standing.present = standing.is_commit = standing.on_branch = true;
        standing.ancestor_of_live = question.live && before(commit, *question.live);
        standing.descends_from_live = question.live && before(*question.live, commit);
        for (const CommitId& other : commits) {
            standing.ancestor_of.push_back(before(commit, other));
        }
        facts.standings.push_back(std::move(standing));
    }
    return facts;
}

struct Options {
    std::vector<std::string> endpoints;
    std::string group;
    int first = 0;
    int count = 0;
    std::string folder;
    Millis work{0};
    int max_unavailable = 1;
    Millis start_within{0};
};

// The deployments of this process since the last question.
using Deploys = std::vector<std::tuple<std::string, std::int64_t, std::int64_t>>;

class Host {
  public:
    Host(sys::EventLoop& loop, const Options& options, int number, sys::MessageBuffer& buffer,
         Deploys& deploys)
        : loop_(loop), work_(options.work), buffer_(buffer), deploys_(deploys) {
        char name[32];
        std::snprintf(name, sizeof name, "h%05d", number);
        name_ = name;
        AgentSettings settings;
        settings.fleet.endpoints = options.endpoints;
        settings.fleet.group = options.group;
        settings.fleet.host = core::HostName::parse(name_);
        settings.fleet.rollout.max_unavailable = {options.max_unavailable, {}};
        settings.fleet.rollout.canary = 0;
        settings.folder = options.folder + "/" + name_;
        settings.version = "bench";
        settings.apps = {{.name = kApp, .followed = {}, .fast_forward_only = false}};
        auto pair = sys::make_message_channel();
        if (!pair) throw std::runtime_error(pair.error().text());
        channel_ = std::move(pair->ours);
        watch_ = loop_.watch(channel_.get(), EPOLLIN, [this](std::uint32_t) { receive(); });
        agent_ = std::make_unique<HostAgent>(
            loop, std::move(pair->theirs), std::move(settings), AgentMemory{},
            HostAgent::Callbacks{[] {}, [this](const core::FleetView& view) { look(view); }});
        local_.state = "running";
        local_.proved = true;
        agent_->begin();
        tell();
    }

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const AgentState& state() const { return state_; }
    // 0: not yet.
    [[nodiscard]] std::int64_t seen(std::int64_t wish) const {
        const auto found = seen_.find(wish);
        return found == seen_.end() ? 0 : found->second;
    }

  private:
    void tell() { sys::send_message(channel_.get(), encode(ToAgent(LocalNews{kApp, local_}))); }

    void look(const core::FleetView& view) {
        const auto app = view.apps.find(kApp);
        if (app == view.apps.end() || !app->second.wish) return;
        seen_.try_emplace(app->second.wish->value.number, now_us());
    }

    void receive() {
        while (buffer_.receive(channel_.get()) == sys::Received::message) {
            const auto message = decode_from_agent(buffer_.text());
            if (!message) throw std::runtime_error(message.error().text());
            if (const auto* state = std::get_if<AgentState>(&*message)) state_ = *state;
            if (const auto* ask = std::get_if<DeployAsk>(&*message)) deploy(ask->deploy);
            if (const auto* ask = std::get_if<FactsAsk>(&*message)) {
                const FactsTold told{ask->seq, facts_of(ask->question)};
                sys::send_message(channel_.get(), encode(ToAgent(told)));
            }
            if (const auto* log = std::get_if<AgentLog>(&*message);
                log != nullptr && log->level >= config::LogLevel::warn) {
                std::fprintf(stderr, "%lld %s: %s\n", static_cast<long long>(now_us() / 1000),
                             name_.c_str(), log->text.c_str());
            }
        }
    }

    void deploy(const core::MemberDeploy& ask) {
        if (ask.order == local_.order) return;  // told again
        local_.order = ask.order;
        local_.outcome = core::GrantOutcome::none;
        local_.busy = local_.begun = true;
        const std::int64_t begin = now_us();
        work_timer_ = loop_.after(work_, [this, begin, commit = ask.commit] {
            deploys_.emplace_back(name_, begin, now_us());
            local_.commit = commit;
            local_.busy = local_.begun = false;
            local_.outcome = core::GrantOutcome::good;
            tell();
        });
        tell();
    }

    sys::EventLoop& loop_;
    const Millis work_;
    sys::MessageBuffer& buffer_;
    Deploys& deploys_;
    std::string name_;
    core::MemberLocal local_;
    AgentState state_;
    std::map<std::int64_t, std::int64_t> seen_;
    sys::Fd channel_;
    sys::EventLoop::Watch watch_;
    sys::EventLoop::Timer work_timer_;
    std::unique_ptr<HostAgent> agent_;
};

Json bytes_of_connections() {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    int connections = 0;
    DIR* folder = opendir("/proc/self/fd");
    while (const dirent* entry = folder != nullptr ? readdir(folder) : nullptr) {
        tcp_info info{};
        socklen_t size = sizeof info;
        const int fd = std::atoi(entry->d_name);
        if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) continue;
        ++connections;
        sent += info.tcpi_bytes_acked;
        received += info.tcpi_bytes_received;
    }
    if (folder != nullptr) closedir(folder);
    return {{"connections", connections}, {"sent", sent}, {"received", received}};
}

class Bench {
  public:
    explicit Bench(const Options& options) : options_(options) {
        fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
        commands_ = loop_.watch(STDIN_FILENO, EPOLLIN, [this](std::uint32_t) { hear(); });
        start_next();
    }
    void run() { loop_.run(); }

  private:
    void start_next() {
        const int started = static_cast<int>(hosts_.size());
        if (started == options_.count) return;
        hosts_.push_back(
            std::make_unique<Host>(loop_, options_, options_.first + started, buffer_, deploys_));
        next_ = loop_.after(options_.start_within / options_.count, [this] { start_next(); });
    }

    void hear() {
        char bytes[4096];
        const ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
        // Whoever drives this is done: nothing here is worth a farewell.
        if (got <= 0) _exit(0);
        line_.append(bytes, static_cast<std::size_t>(got));
        for (auto end = line_.find('\n'); end != std::string::npos; end = line_.find('\n')) {
            const std::string command = line_.substr(0, end);
            line_.erase(0, end + 1);
            std::cout << answer(command).dump() << std::endl;
        }
    }

    Json answer(const std::string& command) {
        if (command == "state") return state();
        if (command == "bytes") return bytes_of_connections();
        if (command == "deploys") return std::exchange(deploys_, {});
        if (command.starts_with("seen ")) {
            Json times = Json::array();
            for (const auto& host : hosts_)
                times.push_back(host->seen(std::stoll(command.substr(5))));
            return times;
        }
        return "unknown command";
    }

    Json state() {
        int connected = 0;
        std::string controller;
        for (const auto& host : hosts_) {
            connected += host->state().connected ? 1 : 0;
            if (host->state().controls) controller = host->name();
        }
        return {{"connected", connected}, {"controller", controller}};
    }

    const Options options_;
    sys::EventLoop loop_;
    sys::MessageBuffer buffer_;
    Deploys deploys_;
    std::string line_;
    std::vector<std::unique_ptr<Host>> hosts_;
    sys::EventLoop::Watch commands_;
    sys::EventLoop::Timer next_;
};

}  // namespace
}  // namespace lastgood::fleet

int main(int argc, char** argv) {
    using namespace lastgood;
    if (argc != 9) {
        std::fprintf(stderr, "bench/fleet.py drives this\n");
        return 2;
    }
    fleet::Options options{.endpoints = {},
                           .group = argv[2],
                           .first = std::atoi(argv[3]),
                           .count = std::atoi(argv[4]),
                           .folder = argv[5],
                           .work = Millis(std::atoi(argv[6])),
                           .max_unavailable = std::atoi(argv[7]),
                           .start_within = Millis(std::atoi(argv[8]))};
    std::string rest = argv[1];
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        options.endpoints.push_back(rest.substr(0, comma));
        rest.erase(0, comma == std::string::npos ? comma : comma + 1);
    }
    fleet::Bench(options).run();
}
