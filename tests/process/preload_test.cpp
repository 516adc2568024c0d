#include "lastgood/process/preload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "lastgood/process/slot_sockets.h"
#include "process/static_program.h"
#include "process/world.h"

namespace lastgood::process {
namespace {

constexpr const char* kPython = "/usr/bin/python3";

// What every script begins with.
constexpr const char* kPrelude = R"(
import os, select, socket, stat, subprocess, sys
NUMBER, PORT = map(int, os.environ["LASTGOOD_LISTEN"].split(":"))
def identity(fd):
    return os.fstat(fd).st_ino
def listening(s):
    return s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
def tcp(host="0.0.0.0", family=socket.AF_INET, port=PORT):
    s = socket.socket(family)
    s.bind((host, port))
    return s
def reach():
    return socket.create_connection(("127.0.0.1", PORT), 10)
SLOT = identity(NUMBER)
)";

class Preload : public test::World {
  protected:
    void SetUp() override {
        if (access(kPython, X_OK) != 0) GTEST_SKIP() << "no " << kPython;
        auto opened = SlotSockets::open({"127.0.0.1", 0}, "127.83.12.7");
        ASSERT_TRUE(opened.ok()) << opened.error().text();
        slots.emplace(std::move(*opened));
        auto made = preload_object(dir.path());
        ASSERT_TRUE(made.ok()) << made.error().text();
        object = *made;
    }

    Expected<void> put(sys::SpawnSpec& spawn) {
        return preload(spawn, {slots->fd(Slot::blue)}, object);
    }

    std::string refusal(std::vector<std::string> argv) {
        sys::SpawnSpec spawn;
        spawn.argv = std::move(argv);
        spawn.env = {"PATH=/usr/bin:/bin"};
        spawn.workdir = dir.path();
        const auto done = put(spawn);
        return done ? "" : done.error().text();
    }

    // Runs it to its end; what it said, empty when all was as it expects.
    std::string run(const std::string& script) {
        sys::SpawnSpec spawn;
        spawn.argv = {kPython, "-S", "-E", "-c", kPrelude + script};
        spawn.env = {"PATH=/usr/bin:/bin"};
        if (auto done = put(spawn); !done) return done.error().text();
        return end_of(spawn);
    }

    std::string end_of(sys::SpawnSpec& spawn) {
        const sys::Fd said(open(dir.file("said").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600));
        spawn.fds.push_back({said.get(), 1});
        spawn.fds.push_back({said.get(), 2});
        const auto child = sys::spawn(spawn);
        if (!child) return child.error().text();
        int status = 0;
        waitpid(child->pid, &status, 0);
        const std::string text = test::read_all(dir.file("said"));
        return status == 0 && text.empty() ? "" : sys::describe_wait_status(status) + ": " + text;
    }

    std::string write_program(const std::string& name, const std::string& text) {
        const std::string path = dir.file(name);
        EXPECT_TRUE(sys::write_file_atomically(path, text, 0755).ok());
        return path;
    }

    std::optional<SlotSockets> slots;
    std::string object;
};

TEST_F(Preload, ABindOfThePortYieldsTheSlotsSocket) {
    EXPECT_EQ("", run(R"(
for host, family in (("0.0.0.0", socket.AF_INET), ("127.0.0.1", socket.AF_INET),
                     ("127.0.1.1", socket.AF_INET), ("::", socket.AF_INET6),
                     ("::1", socket.AF_INET6), ("::ffff:127.0.0.1", socket.AF_INET6)):
    s = tcp(host, family)
    assert identity(s.fileno()) == SLOT, host
    assert s.getsockname() == ("127.0.0.1", PORT), s.getsockname()
    s.listen(1)
    client = reach()
    server, peer = s.accept()
    assert peer == client.getsockname(), peer
    s.close()
assert identity(NUMBER) == SLOT
)"));
}

TEST_F(Preload, OfSeveralTheOneThatFitsBestIsTaken) {
    const auto other = SlotSockets::open({"127.0.0.2", slots->port()}, "127.83.12.7");
    const auto third = SlotSockets::open({"127.0.0.1", 0}, "127.83.12.7");
    ASSERT_TRUE(other.ok() && third.ok());
    sys::SpawnSpec spawn;
    spawn.argv = {kPython, "-S", "-E", "-c", R"(
import os, socket
passed = [tuple(map(int, one.split(":"))) for one in os.environ["LASTGOOD_LISTEN"].split(",")]
own, other = passed[0][1], passed[2][1]
for host, port, number in (("127.0.0.2", own, passed[1][0]), ("127.0.0.1", own, passed[0][0]),
                           ("0.0.0.0", own, passed[0][0]), ("0.0.0.0", other, passed[2][0])):
    s = socket.socket()
    s.bind((host, port))
    assert os.fstat(s.fileno()).st_ino == os.fstat(number).st_ino, (host, port)
)"};
    spawn.env = {"PATH=/usr/bin:/bin"};
    const std::vector<int> all = {slots->fd(Slot::blue), other->fd(Slot::blue),
                                  third->fd(Slot::blue)};
    ASSERT_TRUE(preload(spawn, all, object).ok());
    EXPECT_EQ("", end_of(spawn));
}

TEST_F(Preload, TheNumberKeepsItsFlags) {
    EXPECT_EQ("", run(R"(
for inheritable, blocking in ((False, False), (False, True), (True, False), (True, True)):
    s = socket.socket()
    s.set_inheritable(inheritable)
    s.setblocking(blocking)
    s.bind(("", PORT))
    assert s.get_inheritable() == inheritable
    assert os.get_blocking(s.fileno()) == blocking
)"));
}

TEST_F(Preload, AllElseIsLeftAlone) {
    EXPECT_EQ("", run(R"(
other = tcp(port=0)
assert identity(other.fileno()) != SLOT and other.getsockname()[1] not in (0, PORT)
assert not listening(other)
other.listen()
assert listening(other)
other.shutdown(socket.SHUT_RDWR)
assert not listening(other)
number = other.fileno()
other.close()
try:
    os.fstat(number)
    raise AssertionError("still open")
except OSError:
    pass
datagrams = socket.socket(type=socket.SOCK_DGRAM)
datagrams.bind(("127.0.0.1", PORT))
assert identity(datagrams.fileno()) != SLOT
local = socket.socket(socket.AF_UNIX)
local.bind("\0lastgood-test-%d" % os.getpid())
elsewhere = socket.socket()
try:
    elsewhere.bind(("192.0.2.1", PORT))
    raise AssertionError("an address of another machine")
except OSError:
    pass
)"));
}

TEST_F(Preload, TheQueueStaysAsLongAsItWas) {
    EXPECT_EQ("", run(R"(
s = tcp()
s.listen(1)
clients = [reach() for _ in range(20)]
for _ in clients:
    s.accept()
)"));
}

TEST_F(Preload, AShutDownEndsTheProgramsSocketAndNotTheSlots) {
    EXPECT_EQ("", run(R"(
s = tcp()
s.listen()
watch = select.epoll()
watch.register(s, select.EPOLLIN)
s.shutdown(socket.SHUT_RDWR)
assert watch.poll(5)[0][1] & select.EPOLLHUP
try:
    s.accept()
    raise AssertionError("accepted")
except OSError:
    pass
s.close()
assert listening(socket.socket(fileno=os.dup(NUMBER)))
again = tcp()
client = reach()
again.accept()
)"));
    EXPECT_TRUE(listens_on(slots->fd(Slot::blue), {"127.0.0.1", slots->port()}, Slot::blue));
}

TEST_F(Preload, WhoWatchedBeforeTheBindIsToldOfConnections) {
    EXPECT_EQ("", run(R"(
s = socket.socket()
watch = select.epoll()
watch.register(s, select.EPOLLIN)
many = [os.eventfd(0) for _ in range(200)]
for fd in many:
    watch.register(fd, select.EPOLLIN)
s.bind(("", PORT))
s.listen()
client = reach()
assert (s.fileno(), select.EPOLLIN) in watch.poll(10)
s.accept()
watch.modify(s, 0)
watch.unregister(s)
)"));
}

TEST_F(Preload, AClosedOneIsWatchedNoLonger) {
    EXPECT_EQ("", run(R"(
s = tcp()
watch = select.epoll()
watch.register(s, select.EPOLLIN)
if os.fork() == 0:
    s.close()
    os._exit(0)
assert os.wait()[1] == 0
client = reach()
assert watch.poll(10)[0][0] == s.fileno(), "a child took it out of what its parent watches"
number = s.fileno()
s.close()
assert watch.poll(0) == []
)"));
}

// As programs do that close whatever they have inherited, and then start the one that binds.
TEST_F(Preload, TheNumberSurvivesWhoClosesAll) {
    EXPECT_EQ("", run(R"(
import ctypes
os.close(NUMBER)
os.closerange(3, 4096)
assert identity(NUMBER) == SLOT
ctypes.CDLL(None).closefrom(3)
assert identity(NUMBER) == SLOT
number = os.open("/dev/null", os.O_RDONLY)
assert number == 3, number
ctypes.CDLL(None).close_range(3, 23, 0)
try:
    os.fstat(3)
    raise AssertionError("still open")
except OSError:
    pass
child = 'import socket; s = socket.socket(); s.bind(("", %d)); s.listen()' % PORT
subprocess.run([sys.executable, "-S", "-c", child], close_fds=True, check=True)
subprocess.run(["/bin/sh", "-c", "%s -S -c '%s'" % (sys.executable, child)], check=True)
)"));
}

// Python's subprocess does so from 3.13 on.
TEST_F(Preload, TheNumberSurvivesASpawnThatClosesAll) {
    EXPECT_EQ("", run(R"(
import ctypes
libc = ctypes.CDLL(None)
words = [sys.executable, "-S", "-c", """import os, socket
try:
    os.fstat(OTHER)
    raise AssertionError("still open")
except OSError:
    pass
s = socket.socket()
s.bind(("", %d))
s.listen()
""" % PORT]
other = os.dup2(1, NUMBER + 7, inheritable=True)
lower = os.dup(1)
os.set_inheritable(lower, True)
assert lower < NUMBER
for number in (lower, other):
    argv = (ctypes.c_char_p * 5)(*[word.replace("OTHER", str(number)).encode() for word in words])
    actions = ctypes.create_string_buffer(1024)
    assert libc.posix_spawn_file_actions_init(actions) == 0
    assert libc.posix_spawn_file_actions_addclosefrom_np(actions, 3) == 0
    child = ctypes.c_int()
    environment = ctypes.c_void_p.in_dll(libc, "environ")
    assert libc.posix_spawn(ctypes.byref(child), argv[0], actions, None, argv, environment) == 0
    assert os.waitpid(child.value, 0)[1] == 0
)"));
}

TEST_F(Preload, WhereTheNumberIsLostABindFailsAndSaysWhy) {
    const std::string said = run(R"(
os.dup2(os.open("/dev/null", os.O_RDWR), NUMBER)
child = '''
import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(("127.0.0.1", %d))
''' % PORT
done = subprocess.run([sys.executable, "-S", "-c", child], stderr=subprocess.PIPE, text=True)
assert "Address already in use" in done.stderr
sys.stderr.write([line for line in done.stderr.splitlines() if "lastgood" in line][0])
)");
    EXPECT_NE(said.find("has closed the socket of `listen`"), std::string::npos) << said;
}

TEST_F(Preload, GoesBeforeWhatTheAppPreloadsItself) {
    sys::SpawnSpec spawn;
    spawn.argv = {"/bin/true"};
    spawn.env = {"LD_PRELOAD=libfirst.so:/second.so", "PATH=/bin"};
    ASSERT_TRUE(put(spawn).ok());
    EXPECT_EQ("LD_PRELOAD=" + object + ":libfirst.so:/second.so", spawn.env.front());
    EXPECT_EQ("LASTGOOD_LISTEN=24:" + std::to_string(slots->port()), spawn.env.back());
    ASSERT_EQ(1U, spawn.fds.size());
    EXPECT_EQ(24, spawn.fds[0].to);
}

TEST_F(Preload, TheNextDaemonFindsTheSocketInTheProgram) {
    sys::SpawnSpec spawn;
    spawn.argv = {"/bin/cat"};
    spawn.env = {"PATH=/bin"};
    ASSERT_TRUE(put(spawn).ok());
    auto pipe = sys::make_pipe(O_CLOEXEC);
    ASSERT_TRUE(pipe.ok());
    spawn.fds.push_back({pipe->read.get(), 0});
    const auto child = sys::spawn(spawn);
    ASSERT_TRUE(child.ok()) << child.error().text();
    const ProcessTree tree(child->pid, child->start_time, "");
    EXPECT_FALSE(has_taken(tree, slots->fd(Slot::blue)));
    const auto taken = take_listening_socket(child->pid, {"127.0.0.1", slots->port()}, Slot::blue);
    EXPECT_TRUE(taken) << "(needs the right to look into another process)";
    pipe->write.reset();
    waitpid(child->pid, nullptr, 0);
}

TEST_F(Preload, RefusesWhatItCannotReach) {
    const std::string program = static_program();
    if (program.empty()) GTEST_SKIP() << "no /sbin/ldconfig";
    EXPECT_EQ("", refusal({"python3"}));
    EXPECT_EQ("", refusal({"no-such-program"}));
    const std::string is_static =
        program +
        " is statically linked: no library can go before it (adopt: preload); have the program "
        "take descriptor 3 (LISTEN_FDS) and remove `adopt`, or remove `listen`";
    EXPECT_EQ(is_static, refusal({program}));
    EXPECT_EQ(is_static, refusal({"/bin/sh", "-c", "exec " + program + " -p"}));
    EXPECT_EQ(is_static, refusal({write_program("s", "#!" + program + "\n")}));
    EXPECT_EQ("", refusal({"/bin/sh", "-c", "test -x " + program}));
    EXPECT_EQ("", refusal({write_program("e", "#!/usr/bin/env python3\n")}));
    ASSERT_EQ(0, symlink(program.c_str(), dir.file("linked").c_str()));
    EXPECT_NE("", refusal({"./linked"}));
}

TEST_F(Preload, RefusesWhatGainsPrivileges) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root to make a file of another user";
    const std::string program = write_program("su", test::read_all("/bin/true"));
    ASSERT_EQ(0, chown(program.c_str(), 1, 1));
    ASSERT_EQ(0, chmod(program.c_str(), 04755));
    EXPECT_NE(refusal({program}).find("gains privileges"), std::string::npos);
    sys::SpawnSpec spawn;
    spawn.argv = {program};
    spawn.no_new_privileges = true;
    EXPECT_TRUE(put(spawn).ok());
}

TEST_F(Preload, TheObjectIsWrittenWhereItIsNotAsItShouldBe) {
    struct stat first {};
    ASSERT_EQ(0, stat(object.c_str(), &first));
    EXPECT_EQ(0644U, first.st_mode & 0777);
    struct stat now {};
    ASSERT_TRUE(preload_object(dir.path()).ok());
    ASSERT_EQ(0, stat(object.c_str(), &now));
    EXPECT_EQ(first.st_ino, now.st_ino) << "the same one is left alone";
    ASSERT_TRUE(sys::write_file_atomically(object, "of another version", 0600).ok());
    ASSERT_TRUE(preload_object(dir.path()).ok());
    EXPECT_TRUE(
        test::read_all(object).starts_with("\x7f"
                                           "ELF"));
    EXPECT_EQ("", run("tcp()"));
    EXPECT_FALSE(preload_object(dir.path() + "/with a space").ok());
}

}  // namespace
}  // namespace lastgood::process
