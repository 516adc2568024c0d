"""The programs that run under the supervisors, built once into build/bench, the same file for all;
and what they tell the benchmark."""

import os
import pathlib
import shutil
import socket
import threading
import time

import harness

SOURCES = harness.ROOT / "bench" / "programs"
BUILT = harness.ROOT / "build" / "bench"


def build(name):
    """The path of the program, made anew when its source is newer."""
    target, source = BUILT / name, SOURCES / f"{pathlib.Path(name).stem}.c"
    newest = max(path.stat().st_mtime for path in (source, SOURCES / "tell.h"))
    if not target.exists() or target.stat().st_mtime < newest:
        BUILT.mkdir(parents=True, exist_ok=True)
        shared = ["-shared", "-fPIC"] if target.suffix == ".so" else []
        done = harness.run("gcc", "-D_GNU_SOURCE", "-O2", "-Wall", *shared, "-o", target, source)
        if done.returncode != 0:
            raise SystemExit(f"gcc could not build {source}: {done.stderr}")
    return str(target)


class Told:
    """One message of a program: who, its pid, what, and times in ns of the monotonic clock."""

    def __init__(self, text):
        self.name, pid, self.what, first, second = text.split(" ")
        self.pid, self.first, self.second = int(pid), int(first), int(second)


class Ear:
    """The socket that programs tell things to. They wait when nobody reads, so a thread reads."""

    def __init__(self, folder):
        self.path = str(folder / "ear")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind(self.path)
        os.chmod(self.path, 0o777)
        self._heard = {}  # (name, what): messages, oldest first
        self._news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                told = Told(self._socket.recv(4096).decode())
            except OSError:
                return
            with self._news:
                self._heard.setdefault((told.name, told.what), []).append(told)
                self._news.notify_all()

    def count(self, name, what="started"):
        with self._news:
            return len(self._heard.get((name, what), []))

    def last(self, name, what="started"):
        with self._news:
            heard = self._heard.get((name, what), [])
            return heard[-1] if heard else None

    def wait(self, name, count, what="started", timeout=60):
        """The message of that number, counted from 1."""
        with self._news:
            key = (name, what)
            if not self._news.wait_for(lambda: len(self._heard.get(key, [])) >= count, timeout):
                raise harness.Timeout(f"waited {timeout:g} s for {name} to tell: {what}")
            return self._heard[key][count - 1]

    def wait_for_process(self, name, timeout=60):
        """The process of that name that runs now."""

        def alive():
            told = self.last(name)
            return told if told and os.path.exists(f"/proc/{told.pid}") else None

        return harness.wait_until(alive, f"{name} to run", timeout, every=0.005)


def load_average():
    with open("/proc/loadavg", encoding="ascii") as file:
        return file.read().split(" ")[0]


def header(title):
    print(f"\n== {title}   (load of the machine before: {load_average()}, {os.cpu_count()} cores)",
          flush=True)


def verdict(kept):
    return "kept" if kept else "NOT KEPT"


def sleep_until(moment):
    """Of the monotonic clock: a measurement has a length, here the time itself is waited for."""
    while (left := moment - time.monotonic()) > 0:
        time.sleep(left)


def missing(*programs):
    """Why a tool can't be tried; nothing where it can."""
    for program in programs:
        if not shutil.which(program, path=harness.ENVIRONMENT["PATH"]):
            return f"{program} is not installed"
    return ""
