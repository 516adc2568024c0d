#include "lastgood/process/slot_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <vector>

#include "lastgood/base/sys/spawn.h"
#include "process/world.h"

namespace lastgood::process {
namespace {

constexpr const char* kProbe = "127.83.12.7";

SlotSockets open_slots(const std::string& host) {
    auto slots = SlotSockets::open({host, 0}, kProbe);
    EXPECT_TRUE(slots.ok()) << slots.error().text();
    return std::move(*slots);
}

sys::Fd connect_to(const SlotSockets& slots, bool as_probe) {
    sys::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (as_probe) {
        const auto* source = reinterpret_cast<const sockaddr*>(&slots.probe_source());
        EXPECT_EQ(bind(fd.get(), source, sizeof(sockaddr_in)), 0);
    }
    const auto* to = reinterpret_cast<const sockaddr*>(&slots.own_address());
    EXPECT_EQ(connect(fd.get(), to, sizeof(sockaddr_in)), 0) << strerror(errno);
    return fd;
}

// The slot in which a connection waits, which is taken out of it.
Slot slot_of_waiting(const SlotSockets& slots) {
    pollfd waiting[2] = {{slots.fd(Slot::blue), POLLIN, 0}, {slots.fd(Slot::green), POLLIN, 0}};
    EXPECT_EQ(poll(waiting, 2, 5000), 1);
    const Slot slot = waiting[0].revents != 0 ? Slot::blue : Slot::green;
    close(accept(slots.fd(slot), nullptr, nullptr));
    return slot;
}

class SlotSocketsTest : public ::testing::TestWithParam<const char*> {};

TEST_P(SlotSocketsTest, SendsUsersToOneSlotAndTheProbeToTheOther) {
    SlotSockets slots = open_slots(GetParam());
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
                         ::testing::Values("127.0.0.1", "0.0.0.0", "::"));

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
        EXPECT_NE(again.error().what.find("pid " + std::to_string(getpid())), std::string::npos)
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
    const config::ListenAddress listen{host, slots->port()};
    LeftSockets left;
    left.first = slots->first();
    left.active = active;
    for (const Slot slot : kept) left.sockets[index(slot)] = sys::Fd(dup(slots->fd(slot)));
    slots.reset();
    for (const Slot slot : kept) EXPECT_TRUE(listens_on(left.sockets[index(slot)].get(), listen));
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
    const sys::Fd taken = take_listening_socket(child->pid, listen);
    EXPECT_TRUE(taken);
    EXPECT_FALSE(take_listening_socket(child->pid, {"127.0.0.1", 1}));
    kill(child->pid, SIGKILL);
    waitpid(child->pid, nullptr, 0);
    EXPECT_FALSE(take_listening_socket(child->pid, listen));
}

}  // namespace
}  // namespace lastgood::process
