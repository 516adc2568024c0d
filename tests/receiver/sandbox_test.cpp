// What the receiver gave up is tried, each in a child that has given it up: the receiver's own code
// does it, in the receiver's order.
#include "receiver/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <thread>

namespace lastgood::receiver {
namespace {

constexpr std::uint64_t kMemory = 64ULL << 20;
constexpr int kNotEntered = 99;
constexpr int kHeld = 0;  // it failed, as it should
constexpr int kBroken = 1;

enum class Stage { entered, sealed };

// How a child ended that tried this in the sandbox: its wait status.
int in_sandbox(const std::function<int()>& tried, Stage stage = Stage::sealed) {
    const pid_t child = fork();
    if (child == 0) {
        Sandbox sandbox;
        if (!sandbox.enter()) _exit(kNotEntered);
        if (stage == Stage::sealed) sandbox.seal(kMemory);
        _exit(tried());
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

// It failed, or the attempt was the end.
testing::AssertionResult holds(int status) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == kHeld) return testing::AssertionSuccess();
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "wait status " << status;
}

int denied(long result) {
    return result < 0 ? kHeld : kBroken;
}

bool is_sanitized() {
    Sandbox sandbox;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#else
    return false;
#endif
}

class SandboxTest : public testing::Test {
  protected:
    void SetUp() override {
        if (is_sanitized()) GTEST_SKIP() << "a sanitizer's run time needs what is given up";
    }
};

TEST_F(SandboxTest, NothingIsMissingHere) {
    EXPECT_TRUE(holds(in_sandbox([] {
        Sandbox another;  // entered twice: all of it still holds
        return another.missing().empty() ? kHeld : kBroken;
    })));
}

TEST_F(SandboxTest, OpensNoFile) {
    for (const Stage stage : {Stage::entered, Stage::sealed}) {
        EXPECT_TRUE(holds(
            in_sandbox([] { return denied(open("/etc/passwd", O_RDONLY | O_CLOEXEC)); }, stage)));
        EXPECT_TRUE(
            holds(in_sandbox([] { return denied(open("/", O_RDONLY | O_DIRECTORY)); }, stage)));
        EXPECT_TRUE(holds(in_sandbox(
            [] { return denied(open("/tmp/lastgood-never", O_WRONLY | O_CREAT, 0600)); }, stage)));
    }
    EXPECT_TRUE(holds(in_sandbox([] { return denied(unlink("/tmp/lastgood-never")); })));
    EXPECT_TRUE(holds(in_sandbox([] { return denied(mkdir("/tmp/lastgood-never", 0700)); })));
}

TEST_F(SandboxTest, MakesNoConnectionAndNoSocket) {
    for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK}) {
        EXPECT_TRUE(holds(in_sandbox([family] { return denied(socket(family, SOCK_STREAM, 0)); })));
    }
    // Nor with one that it was given.
    const int given = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_TRUE(holds(in_sandbox([given] {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(9);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return denied(connect(given, reinterpret_cast<sockaddr*>(&to), sizeof to));
    })));
    EXPECT_TRUE(holds(in_sandbox([given] { return denied(listen(given, 1)); })));
    close(given);
}

TEST_F(SandboxTest, RunsNoProgramAndMakesNoProcess) {
    EXPECT_TRUE(holds(in_sandbox([] {
        char* const argv[] = {const_cast<char*>("true"), nullptr};
        return denied(execv("/bin/true", argv));
    })));
    EXPECT_TRUE(holds(in_sandbox([] { return denied(fork()); })));
    EXPECT_TRUE(holds(in_sandbox([] { return denied(syscall(SYS_clone3, nullptr, 0)); })));
}

TEST_F(SandboxTest, SignalsAndTracesNobody) {
    const pid_t self = getpid();
    EXPECT_TRUE(holds(in_sandbox([self] { return denied(kill(self, 0)); })));
    EXPECT_TRUE(holds(in_sandbox([self] { return denied(syscall(SYS_tgkill, self, self, 0)); })));
    EXPECT_TRUE(
        holds(in_sandbox([self] { return denied(ptrace(PTRACE_SEIZE, self, nullptr, nullptr)); })));
    EXPECT_TRUE(holds(in_sandbox([self] {
        return denied(syscall(SYS_process_vm_readv, self, nullptr, 0, nullptr, 0, 0));
    })));
}

TEST_F(SandboxTest, RunsNoCodeThatItWrote) {
    EXPECT_TRUE(holds(in_sandbox([] {
        return mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                    -1, 0) == MAP_FAILED
                   ? kHeld
                   : kBroken;
    })));
    EXPECT_TRUE(holds(in_sandbox([] {
        void* page =
            mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) return kBroken;
        return denied(mprotect(page, 4096, PROT_READ | PROT_EXEC));
    })));
}

TEST_F(SandboxTest, TakesNoMoreMemoryThanItsAllowance) {
    EXPECT_TRUE(holds(in_sandbox([] {
        const auto map = [](std::size_t bytes) {
            return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                        0) != MAP_FAILED;
        };
        return map(kMemory / 2) && !map(kMemory) ? kHeld : kBroken;
    })));
    EXPECT_TRUE(holds(in_sandbox([] {
        rlimit more{RLIM_INFINITY, RLIM_INFINITY};
        return denied(setrlimit(RLIMIT_DATA, &more));
    })));
}

TEST_F(SandboxTest, ThreadsThatExistAreSealedToo) {
    EXPECT_TRUE(holds([] {
        const pid_t child = fork();
        if (child == 0) {
            Sandbox sandbox;
            if (!sandbox.enter()) _exit(kNotEntered);
            int go[2];
            int done[2];
            if (pipe(go) != 0 || pipe(done) != 0) _exit(kNotEntered);
            std::thread other([&] {
                char byte = 0;
                if (read(go[0], &byte, 1) != 1) return;
                byte = socket(AF_INET, SOCK_STREAM, 0) < 0 ? 'n' : 'y';
                if (write(done[1], &byte, 1) != 1) return;
            });
            sandbox.seal(kMemory);
            char byte = 'g';
            if (write(go[1], &byte, 1) != 1 || read(done[0], &byte, 1) != 1) _exit(kNotEntered);
            _exit(byte == 'n' ? kHeld : kBroken);
        }
        int status = 0;
        waitpid(child, &status, 0);
        return status;
    }()));
}

TEST_F(SandboxTest, IsAUserOfItsOwnWithoutRightsAndCanNotGoBack) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can leave root";
    EXPECT_TRUE(holds(in_sandbox([] { return geteuid() != 0 && getuid() != 0 ? kHeld : kBroken; },
                                 Stage::entered)));
    EXPECT_TRUE(holds(in_sandbox([] { return denied(setuid(0)); }, Stage::entered)));
    EXPECT_TRUE(holds(
        in_sandbox([] { return getgroups(0, nullptr) == 0 ? kHeld : kBroken; }, Stage::entered)));
    EXPECT_TRUE(holds(in_sandbox(
        [] {
            __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
            __user_cap_data_struct caps[2] = {};
            if (syscall(SYS_capget, &header, caps) != 0) return kBroken;
            return (caps[0].effective | caps[0].permitted | caps[1].effective) == 0 ? kHeld
                                                                                    : kBroken;
        },
        Stage::entered)));
}

TEST_F(SandboxTest, LeavesNoCoreAndCanNotBeTraced) {
    EXPECT_TRUE(holds(in_sandbox(
        [] {
            rlimit core{};
            getrlimit(RLIMIT_CORE, &core);
            return core.rlim_max == 0 && prctl(PR_GET_DUMPABLE) == 0 &&
                           prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1
                       ? kHeld
                       : kBroken;
        },
        Stage::entered)));
}

TEST_F(SandboxTest, ServesWhatItHolds) {
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    EXPECT_TRUE(holds(in_sandbox([&pair] {
        char byte = 'x';
        const bool sent = send(pair[0], &byte, 1, MSG_NOSIGNAL) == 1;
        return sent && recv(pair[1], &byte, 1, 0) == 1 ? kHeld : kBroken;
    })));
    const int aborted = in_sandbox([]() -> int { std::abort(); });
    EXPECT_TRUE(WIFSIGNALED(aborted) && WTERMSIG(aborted) == SIGABRT) << "its own bugs are told";
}

}  // namespace
}  // namespace lastgood::receiver
