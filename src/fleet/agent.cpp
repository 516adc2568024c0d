#include "lastgood/fleet/agent.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include <cstdio>
#include <memory>

#include "fleet/host_agent.h"
#include "lastgood/base/sys/idle_pages.h"

namespace lastgood::fleet {
namespace {

constexpr int kChannelFd = 3;

sys::Fd block_sigterm() {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &mask, nullptr);
    return sys::Fd(signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC));
}

Expected<AgentSettings> wait_for_settings(int channel) {
    pollfd polled{channel, POLLIN, 0};
    while (poll(&polled, 1, -1) < 0 && errno == EINTR) {
    }
    sys::MessageBuffer buffer;
    if (buffer.receive(channel) != sys::Received::message) {
        return Error{"no settings came", "it is started by the daemon, not by hand"};
    }
    auto message = decode_to_agent(buffer.text());
    if (!message) return message.error();
    auto* settings = std::get_if<AgentSettings>(&*message);
    if (settings == nullptr) return Error{"the first message is not the settings", ""};
    return std::move(*settings);
}

}  // namespace

int agent_main() {
    prctl(PR_SET_DUMPABLE, 0);  // it holds a password
    signal(SIGPIPE, SIG_IGN);
    sys::Fd channel(kChannelFd);
    auto settings = wait_for_settings(channel.get());
    if (!settings) {
        std::fprintf(stderr, "lastgood fleet-agent: %s\n", settings.error().text().c_str());
        return 1;
    }
    auto memory = load_memory(settings->folder);
    if (!memory) {
        // Without it this host would follow what it had left behind.
        std::fprintf(stderr, "lastgood fleet-agent: %s\n", memory.error().text().c_str());
        return 1;
    }
    sys::let_go_of_idle_pages();
    sys::EventLoop loop;
    const auto agent =
        std::make_unique<HostAgent>(loop, std::move(channel), *std::move(settings),
                                    *std::move(memory), HostAgent::Callbacks{[&] { loop.stop(); }});
    const sys::Fd signals = block_sigterm();
    sys::EventLoop::Watch watch;
    watch = loop.watch(signals.get(), EPOLLIN, [&](std::uint32_t) {
        watch.reset();
        agent->end();
    });
    agent->begin();
    loop.run();
    return 0;
}

}  // namespace lastgood::fleet
