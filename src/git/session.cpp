#include "lastgood/git/session.h"

#include <algorithm>
#include <utility>

#include "git/protocol.h"
#include "git/remote_url.h"
#include "git/session_limits.h"
#include "git/worker_process.h"
#include "lastgood/base/limits.h"

namespace lastgood::git {
namespace {

class WorkerSession final : public Session {
  public:
    WorkerSession(sys::EventLoop& loop, sys::Reaper& reaper, std::string program, Remote remote,
                  SessionLimits limits)
        : worker_(loop, reaper, std::move(program)), remote_(std::move(remote)), limits_(limits) {}

    void on_progress(std::function<void(const FetchProgress&)> told) override {
        worker_.on_progress(std::move(told));
    }

    void list_tip(std::function<void(GitResult<std::optional<CommitId>>)> done) override {
        ask(request(Op::list_tip), limits_.list, late("asking", limits_.list, true),
            std::move(done));
    }

    void fetch(FetchRequest wanted, std::function<void(GitResult<FetchResult>)> done) override {
        LG_ASSERT(wanted.candidates.size() <= limits::kCandidatesMax);
        Request asked = request(Op::fetch);
        asked.fetch = std::move(wanted);
        ask(asked, limits_.fetch, late("fetching from", limits_.fetch, true), std::move(done));
    }

    void verify(const VerifyRequest& wanted, std::function<void(GitResult<bool>)> done) override {
        Request asked = request(Op::verify);
        asked.verify = wanted;
        ask(asked, limits_.materialise,
            late("checking the signatures of", limits_.materialise, false), std::move(done));
    }

    void materialise(const MaterialiseRequest& wanted,
                     std::function<void(GitResult<Released>)> done) override {
        Request asked = request(Op::materialise);
        asked.materialise = wanted;
        ask(asked, limits_.materialise,
            late("writing the files of " + wanted.commit.short_hex() + " of", limits_.materialise,
                 false),
            std::move(done));
    }

    void seal(const std::string& directory, std::function<void(GitResult<bool>)> done) override {
        Request asked = request(Op::seal);
        asked.directory = directory;
        ask(asked, limits_.materialise,
            late("bringing to disk a release of", limits_.materialise, false), std::move(done));
    }

    void remove_releases(const RemoveRequest& wanted,
                         std::function<void(GitResult<std::vector<std::string>>)> done) override {
        Request asked = request(Op::remove_releases);
        asked.remove = wanted;
        ask(asked, limits_.materialise,
            late("removing old releases of", limits_.materialise, false), std::move(done));
    }

    void maintain(std::function<void(GitResult<std::uint64_t>)> done) override {
        ask(request(Op::maintain), limits_.maintain,
            late("packing the mirror of", limits_.maintain, false), std::move(done));
    }

    void examine(const std::string& scratch,
                 std::function<void(GitResult<std::vector<Finding>>)> done) override {
        Request asked = request(Op::examine);
        asked.directory = std::exchange(asked.remote.mirror, scratch);
        ask(asked, limits_.examine, late("examining", limits_.examine, true), std::move(done));
    }

  private:
    [[nodiscard]] Request request(Op op) const {
        Request made;
        made.op = op;
        made.remote = remote_;
        return made;
    }

    [[nodiscard]] GitError late(const std::string& doing, Millis limit, bool network) const {
        return {{doing + " " + shown_url(remote_.url) + " took longer than " +
                     format_duration(limit) + " and was ended",
                 network ? "see whether the remote is up and reachable from this server; a large "
                           "repository on a slow line may need a longer fetch_timeout"
                         : "see whether the disk is full or very slow"},
                false};
    }

    template <typename T>
    void ask(const Request& asked, Millis limit, GitError late_error,
             std::function<void(GitResult<T>)> done) {
        worker_.ask(encode(asked), limit, std::move(late_error),
                    [done = std::move(done)](GitResult<std::string> line) {
                        done(line.value ? decode_answer<T>(*line.value)
                                        : GitResult<T>{std::nullopt, std::move(line.error)});
                    });
    }

    WorkerProcess worker_;
    Remote remote_;
    SessionLimits limits_;
};

}  // namespace

std::unique_ptr<Session> open_session(sys::EventLoop& loop, sys::Reaper& reaper,
                                      std::string program, Remote remote, SessionLimits limits) {
    return std::make_unique<WorkerSession>(loop, reaper, std::move(program), std::move(remote),
                                           limits);
}

std::unique_ptr<Session> Session::open(sys::EventLoop& loop, sys::Reaper& reaper,
                                       std::string program, Remote remote) {
    SessionLimits limits;
    limits.fetch = remote.fetch_timeout;
    limits.list = std::min(limits.list, remote.fetch_timeout);
    return open_session(loop, reaper, std::move(program), std::move(remote), limits);
}

}  // namespace lastgood::git
