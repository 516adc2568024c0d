// The test program is also the worker, and a stand-in for a daemon that gets killed.
#include <gtest/gtest.h>

#include <string_view>

#include "session_fixture.h"

namespace {

// Fetches from a remote that never answers, for ever.
int stand_in_for_daemon(const char* url, const char* mirror) {
    using namespace lastgood;
    git::Remote remote;
    remote.url = url;
    remote.followed.branch = "main";
    remote.mirror = mirror;
    remote.transport = config::Transport::git;
    sys::EventLoop loop;
    sys::Reaper reaper(loop);
    auto session = git::open_session(loop, reaper, git::own_program(), remote, {});
    session->fetch({}, [](const git::GitResult<git::FetchResult>&) {});
    loop.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view verb = argc > 1 ? argv[1] : "";
    if (verb == "git-worker") return lastgood::git::worker_main();
    if (verb == "stand-in-daemon" && argc == 4) return stand_in_for_daemon(argv[2], argv[3]);
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
