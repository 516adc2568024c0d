#!/usr/bin/env python3
"""What a large repository costs in memory: the peak of the git worker and of what it starts, and of
the daemon beside it, while the first commit is fetched and written, and then one more.

    bench/memory.py [MEGABYTES]      default 2048, of bytes that don't compress; LASTGOOD names the binary
"""

import pathlib
import random
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "e2e"))

import harness  # noqa: E402
from big_repo import Import  # noqa: E402

MEGABYTES = int(sys.argv.pop(1)) if len(sys.argv) > 1 else 2048
FILE_BYTES = 4 << 20
WORKER_MAX = 512  # MB


def commit(repository, files):
    """One more on main, with these files: (path, bytes)."""
    with Import(repository) as fast:
        fast.write(b"commit refs/heads/main\ncommitter Ada <ada@example.org> 1600000000 +0000\n"
                   b"data 5\nlarge\nfrom refs/heads/main^0\n")
        for path, content in files:
            fast.write(b"M 100644 inline %s\ndata %d\n" % (path.encode(), len(content)))
            fast.write(content + b"\n")


def large_files():
    """They neither compress nor resemble each other."""
    draw = random.Random(MEGABYTES)
    for number in range(MEGABYTES * (1 << 20) // FILE_BYTES):
        yield f"data/{number % 32:02}/{number:04}.bin", draw.randbytes(FILE_BYTES)


def peak(pid):
    """MB; 0 for one that has ended."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0


class Watch:
    """The highest peaks of the daemon and of each program among its descendants, seen by looking."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.highest = {}
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def descendants(self, pid):
        try:
            text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
        except OSError:
            return
        for child in text.split():
            yield child
            yield from self.descendants(child)

    def look(self):
        while not self.over.wait(0.02):
            for pid in self.descendants(self.daemon):
                try:
                    words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                texts = [word.decode(errors="replace") for word in words]
                verb = next((text for text in texts[1:] if not text.startswith("-")), "")
                name = f"{texts[0]} {verb}".replace(harness.BINARY, "lastgood")
                if not name.startswith(("lastgood git-worker", "git")):
                    continue
                self.highest[name] = max(self.highest.get(name, 0), peak(pid))


class Memory(harness.Case):
    def app_config(self):
        return {**super().app_config(), "probation": "1s"}

    def deploy(self, what, files):
        commit(self.repo.path, files)
        tip = self.repo.tip()
        with Watch(self.daemon.pid) as watch:
            self.push(tip)
            self.wait(lambda: self.ended(tip), "its end", timeout=1800)
        self.assertEqual("good", self.ended(tip)["outcome"], self.ended(tip))
        print(f"\n{what}: {self.ended(tip)['phases_ms']}")
        for name, most in sorted(watch.highest.items()):
            kept = f"   (promised: under {WORKER_MAX}) {'kept' if most < WORKER_MAX else 'NOT KEPT'}"
            print(f"  {name:<28} {most:7.1f} MB{kept if 'worker' in name else ''}")
        print(f"  {'lastgood serve':<28} {peak(self.daemon.pid):7.1f} MB")

    def ended(self, commit_id):
        rows = self.deployments_of(commit_id)
        return rows[0] if rows and rows[0]["outcome"] else None

    def test_large(self):
        self.app["fetch_timeout"] = "30m"
        self.serve_and_look()
        print(f"\n{MEGABYTES} MB; the daemon before: {peak(self.daemon.pid):.1f} MB")
        self.repo.commit("v1")
        self.deploy("the whole repository", large_files())
        self.deploy("one small file more", [("data/small.txt", b"small")])


if __name__ == "__main__":
    import unittest

    unittest.main()
