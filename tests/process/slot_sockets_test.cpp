#include "lastgood/process/slot_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <vector>

#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"
#include "process/world.h"

namespace lastgood::process {
namespace {

constexpr const char* kProbe = "127.83.12.7";

const char* const kUnix = "unix";

// `host`: an address, or kUnix for a path in a folder of this process's own.
config::ListenAddress listen_address(const std::string& host, std::uint16_t port = 0) {
    if (host != kUnix) return {host, port};
    static const test::TempDir folder;
    return {.path = folder.file("http.sock")};
}

SlotSockets open_slots(const std::string& host) {
    auto slots = SlotSockets::open(listen_address(host), kProbe);
    EXPECT_TRUE(slots.ok()) << slots.error().text();
    return std::move(*slots);
}

sys::Fd connect_by(const Route& route) {
    sys::Fd fd(socket(route.to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (route.from) {
        EXPECT_EQ(bind(fd.get(), &route.from->any, sys::length(*route.from)), 0);
    }
    if (route.traffic_class != 0) {
        EXPECT_EQ(setsockopt(fd.get(), IPPROTO_IPV6, IPV6_TCLASS, &route.traffic_class,
                             sizeof route.traffic_class),
                  0);
    }
    EXPECT_EQ(connect(fd.get(), &route.to.any, length(route.to)), 0) << strerror(errno);
    return fd;
}

sys::Fd connect_to(const SlotSockets& slots, bool as_probe) {
    return connect_by(as_probe ? slots.route_to(other(slots.active()))
                               : Route{slots.own_address()});
}

// The slot in which a connection waits, which is taken out of it.
Slot slot_of_waiting(const SlotSockets& slots) {
    pollfd waiting[2] = {{slots.fd(Slot::blue), POLLIN, 0}, {slots.fd(Slot::green), POLLIN, 0}};
    EXPECT_EQ(poll(waiting, 2, 5000), 1);
    const Slot slot = waiting[0].revents != 0 ? Slot::blue : Slot::green;
    close(accept(slots.fd(slot), nullptr, nullptr));
    return slot;
}

int listen_now(const sys::Fd& fd) {
    return listen(fd.get(), 1);
}

class SlotSocketsTest : public ::testing::TestWithParam<const char*> {};

TEST_P(SlotSocketsTest, SendsUsersToOneSlotAndTheProbeToTheOther) {
    SlotSockets slots = open_slots(GetParam());
    EXPECT_TRUE(slots.port() != 0 || GetParam() == std::string(kUnix));
    for (const Slot active : {Slot::blue, Slot::green, Slot::blue}) {
        ASSERT_TRUE(slots.switch_to(active).ok());
        EXPECT_EQ(slots.active(), active);
        for (int i = 0; i < 20; ++i) {
            const auto user = connect_to(slots, false);
            EXPECT_EQ(slot_of_waiting(slots), active);
            const auto probe = connect_to(slots, true);
            EXPECT_EQ(slot_of_waiting(slots), other(active));
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Addresses, SlotSocketsTest,
                         ::testing::Values("127.0.0.1", "0.0.0.0", "::", "::1", kUnix));

TEST(SlotSockets, UsersOfVersionSixGoToTheActiveSlot) {
    SlotSockets slots = open_slots("::");
    for (const Slot active : {Slot::green, Slot::blue}) {
        ASSERT_TRUE(slots.switch_to(active).ok());
        const sys::Fd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in6 to{};
        to.sin6_family = AF_INET6;
        to.sin6_addr = in6addr_loopback;
        to.sin6_port = htons(slots.port());
        if (connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
            GTEST_SKIP() << "no IPv6 here";
        }
        EXPECT_EQ(slot_of_waiting(slots), active);
    }
}

TEST(SlotSockets, TellTheLengthOfTheQueue) {
    SlotSockets slots = open_slots("127.0.0.1");
    EXPECT_EQ(slots.queue_length(Slot::blue), 0);
    const auto first = connect_to(slots, false);
    const auto second = connect_to(slots, false);
    EXPECT_TRUE(test::eventually([&] { return slots.queue_length(Slot::blue) == 2; }));
    EXPECT_EQ(slots.queue_length(Slot::green), 0);
    slot_of_waiting(slots);
    EXPECT_EQ(slots.queue_length(Slot::blue), 1);
}

// Anybody may choose a traffic class: without a source of this machine it leads nowhere else.
TEST(SlotSockets, OnOneVersionSixAddressTheProbeNeedsItsSource) {
    SlotSockets slots = open_slots("::1");
    Route route = slots.route_to(Slot::green);
    EXPECT_NE(route.traffic_class, 0);
    route.traffic_class = 0;
    const auto user = connect_by(route);
    EXPECT_EQ(slot_of_waiting(slots), Slot::blue);
}

TEST(SlotSockets, APathOfAnotherProgramIsLeftAlone) {
    const auto listen = listen_address(kUnix);
    {
        std::ofstream(listen.path) << "mine";
        auto refused = SlotSockets::open(listen, kProbe);
        ASSERT_FALSE(refused.ok());
        EXPECT_NE(refused.error().what.find("is no socket"), std::string::npos);
        EXPECT_EQ(unlink(listen.path.c_str()), 0);
    }
    const auto address = sys::unix_address(listen.path);
    const sys::Fd theirs(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(bind(theirs.get(), &address->any, length(*address)), 0);
    ASSERT_EQ(listen_now(theirs), 0);
    auto refused = SlotSockets::open(listen, kProbe);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().what.find("another program listens"), std::string::npos);
    EXPECT_EQ(unlink(listen.path.c_str()), 0);
}

TEST(SlotSockets, PathsGoWithTheApp) {
    SlotSockets slots = open_slots(kUnix);
    const std::string path = listen_address(kUnix).path;
    EXPECT_TRUE(sys::exists(path) && sys::exists(path + ".blue") && sys::exists(path + ".green"));
    const auto user = connect_to(slots, false);
    EXPECT_EQ(slots.queue_length(Slot::blue), 1);
    EXPECT_EQ(slots.queue_length(Slot::green), 0);
    const sys::Fd accepted(accept(slots.fd(Slot::blue), nullptr, nullptr));
    EXPECT_EQ(slots.connections(Slot::blue).size(), 1U);
    EXPECT_EQ(slots.connections(Slot::green).size(), 0U);
    slots.remove_paths();
    EXPECT_FALSE(sys::exists(path) || sys::exists(path + ".blue") || sys::exists(path + ".green"));
}

TEST(SlotSockets, AreBlockingAsProgramsExpectThem) {
    SlotSockets slots = open_slots("127.0.0.1");
    EXPECT_EQ(fcntl(slots.fd(Slot::blue), F_GETFL) & O_NONBLOCK, 0);
}

TEST(SlotSockets, RefuseAPortThatAnotherGroupHoldsAndSayWho) {
    SlotSockets slots = open_slots("127.0.0.1");
    for (const char* host : {"127.0.0.1", "0.0.0.0", "::"}) {
        auto again = SlotSockets::open({host, slots.port()}, kProbe);
        ASSERT_FALSE(again.ok()) << host;
        EXPECT_NE(again.error().what.find("port " + std::to_string(slots.port()) + " is in use"),
                  std::string::npos)
            << again.error().what;
        EXPECT_NE(again.error().what.find("(process " + std::to_string(getpid()) + ")"),
                  std::string::npos)
            << again.error().what;
        EXPECT_FALSE(again.error().mend.empty());
    }
}

TEST(SlotSockets, OpenAgainWhileOldConnectionsAreInTimeWait) {
    std::uint16_t port = 0;
    {
        SlotSockets slots = open_slots("127.0.0.1");
        port = slots.port();
        const auto client = connect_to(slots, false);
        slot_of_waiting(slots);  // the server's side closes first and keeps TIME_WAIT
    }
    auto again = SlotSockets::open({"127.0.0.1", port}, kProbe);
    EXPECT_TRUE(again.ok()) << again.error().text();
}

// The daemon's own are closed, as at its death; `kept` stay open elsewhere.
SlotSockets open_again(std::optional<SlotSockets>& slots, const std::string& host,
                       const std::vector<Slot>& kept, Slot active) {
    const config::ListenAddress listen = listen_address(host, slots->port());
    LeftSockets left;
    left.first = slots->first();
    left.active = active;
    for (const Slot slot : kept) left.sockets[index(slot)] = sys::Fd(dup(slots->fd(slot)));
    slots.reset();
    for (const Slot slot : kept) {
        EXPECT_TRUE(listens_on(left.sockets[index(slot)].get(), listen, slot));
    }
    auto again = SlotSockets::open(listen, kProbe, std::move(left));
    EXPECT_TRUE(again.ok()) << again.error().text();
    return std::move(*again);
}

TEST_P(SlotSocketsTest, GoesOnWithWhatAnEarlierDaemonLeft) {
    const std::vector<std::vector<Slot>> cases = {
        {Slot::blue, Slot::green}, {Slot::blue}, {Slot::green}};
    for (const auto& kept : cases) {
        std::optional<SlotSockets> slots = open_slots(GetParam());
        // Twice: what was opened anew comes second in the kernel's order.
        for (int round = 0; round < 2; ++round) {
            slots = open_again(slots, GetParam(), kept, kept.back());
            EXPECT_EQ(slots->active(), kept.back());
            for (const Slot active : {kept.back(), other(kept.back()), kept.back()}) {
                ASSERT_TRUE(slots->switch_to(active).ok());
                const auto user = connect_to(*slots, false);
                EXPECT_EQ(slot_of_waiting(*slots), active);
            }
        }
    }
}

TEST_P(SlotSocketsTest, LosesNoConnectionThatWaitsInASocketThatIsKept) {
    std::optional<SlotSockets> slots = open_slots(GetParam());
    const auto user = connect_to(*slots, false);
    slots = open_again(slots, GetParam(), {Slot::blue}, Slot::blue);
    EXPECT_EQ(slot_of_waiting(*slots), Slot::blue);
}

TEST(TakeListeningSocket, FindsItInAnotherProcess) {
    SlotSockets slots = open_slots("127.0.0.1");
    const config::ListenAddress listen{"127.0.0.1", slots.port()};
    sys::SpawnSpec spec;
    spec.argv = {"/bin/sleep", "1000"};
    spec.fds = {{slots.fd(Slot::green), 3}};
    auto child = sys::spawn(spec);
    ASSERT_TRUE(child.ok());
    const sys::Fd taken = take_listening_socket(child->pid, listen, Slot::green);
    EXPECT_TRUE(taken);
    EXPECT_FALSE(take_listening_socket(child->pid, {"127.0.0.1", 1}, Slot::green));
    kill(child->pid, SIGKILL);
    waitpid(child->pid, nullptr, 0);
    EXPECT_FALSE(take_listening_socket(child->pid, listen, Slot::green));
}

}  // namespace
}  // namespace lastgood::process
