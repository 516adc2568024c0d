"""The load, the app under it, and what came of each request."""

import collections
import contextlib
import ctypes
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import harness
from supervise_programs import SOURCES, build

RATE = 1000  # requests a second
SYS_PIDFD_GETFD = 438  # the same on all architectures


class Load:
    """`with Load(port) as load:` keeps asking until the block ends; then `load.result` is there."""

    def __init__(self, port):
        self.argv = [build("loader"), str(port), str(RATE)]
        self.result = None

    def __enter__(self):
        self.began = time.monotonic()
        self.process = subprocess.Popen(self.argv, stdout=subprocess.PIPE, text=True)
        return self

    def asked(self):
        return (time.monotonic() - self.began) * RATE

    def __exit__(self, failure, *_):
        self.process.terminate()
        try:
            text, _ = self.process.communicate(timeout=30)
        finally:
            self.process.kill()
        if not failure:
            self.result = json.loads(text)


def stopped(pid):
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace")
    return stat.rpartition(")")[2].split()[0] in "TZ"


def peers_of(pid):
    """The other ends of the TCP connections that the process has open."""
    libc = ctypes.CDLL(None)
    pidfd = os.pidfd_open(pid)
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            copy = libc.syscall(SYS_PIDFD_GETFD, pidfd, int(fd), 0)
            if copy < 0:
                continue
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/self/fd/{copy}").startswith("socket:"):
                    with socket.socket(fileno=os.dup(copy)) as one:
                        if one.family == socket.AF_INET:
                            yield "{}:{}".format(*one.getpeername())
            os.close(copy)
    finally:
        os.close(pidfd)


class Server:
    """The app under load, and what it wrote down."""

    def __init__(self, folder):
        self.port = harness.free_port()
        self.accepted = folder / "accepted"
        self.passed = folder / "passed"  # the same of lastgood's own process
        self.accepted.touch()
        self.passed.touch()
        self.source = (SOURCES / "web.js").read_text()

    def argv(self, script):
        return ["node", script, self.port]

    def env(self, file=None):
        return {"LD_PRELOAD": build("accepted.so"), "ACCEPTED": str(file or self.accepted)}

    @staticmethod
    def among(failures, file):
        """Those whose connection was taken: a port may come again, so the time counts."""
        taken = collections.defaultdict(list)
        for line in file.read_text().splitlines():
            address, when = line.split(" ")
            taken[address].append(int(when))
        return [f for f in failures if any(f.began <= t <= f.at for t in taken[f.address])]

    def write(self, folder):
        (folder / "web.js").write_text(self.source)
        (folder / "behaviour.json").write_text('{"version": "v1"}')
        return folder / "web.js"

    def version(self):
        with contextlib.suppress(OSError):
            return harness.get(self.port, timeout=5)[1].split(" ")[0]
        return None

    def pid(self):
        with contextlib.suppress(OSError, IndexError, ValueError):
            return int(harness.get(self.port, timeout=5)[1].split(" ")[1])
        return 0

    def wait(self, timeout=30):
        harness.wait_until(lambda: self.version(), "the app's first answer", timeout)

    def kill(self):
        """The process that answers now. It is stopped first, to see what it holds: one that it was
        just accepting is not written down yet."""
        pid = harness.wait_until(self.pid, "an answer with a pid")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            harness.wait_until(lambda: stopped(pid), "the process to stop", every=0.001)
            peers, now = list(peers_of(pid)), time.monotonic_ns()
            with open(self.accepted, "a", encoding="ascii") as file:
                file.writelines(f"{peer} {now}\n" for peer in peers)
            os.kill(pid, signal.SIGKILL)


Failure = collections.namedtuple("Failure", "began at how kind address")


class Result:
    """A row of the table, out of what the loader saw and the app wrote down."""

    def __init__(self, name, events, load, server):
        result = load.result
        failures = [Failure(*fields) for fields in result["failures"]]
        self.name, self.events = name, events
        self.asked = sum(result["asked"])
        self.slowest = result["slowest_ms"]
        self.p99 = result["p99_ms"]
        self.overload = result["overload"]
        # A kept connection that fails at its second request or later was taken, of course.
        self.kept = [f for f in failures if f.kind == "kept"]
        first = [f for f in failures if f.kind != "kept"]
        self.held = server.among(first, server.accepted)
        self.passed = server.among(first, server.passed)
        known = {*self.held, *self.passed}
        self.lost = [f for f in first if f not in known]
        self.began = load.began * 1e9
        self.failed = result["failed"]

    def groups(self):
        return {"lost": self.lost, "passed on": self.passed, "held": self.held, "kept": self.kept}

    def show(self):
        print(f"{self.name:24} {self.events:>20} {self.asked:9,} {self.failed:8} {len(self.lost):9}"
              f" {len(self.passed):9} {len(self.held):7} {len(self.kept):7}"
              f" {self.p99:8.1f} {self.slowest:10.0f}"
              + (f"  {self.overload} not begun" if self.overload else ""), flush=True)


def kinds(failures):
    counted = collections.Counter(f"{f.kind} connection {f.how}" for f in failures)
    return ", ".join(f"{count} {what}" for what, count in counted.most_common()) or "none"


def bursts(failures):
    """(when the first began, how many) of those that began within a second of the one before."""
    found = []
    last = None
    for began in sorted(f.began for f in failures):
        if last is None or began - last > 1e9:
            found.append([began, 0])
        found[-1][1] += 1
        last = began
    return found
