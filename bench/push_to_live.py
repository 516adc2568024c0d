#!/usr/bin/env python3
"""From the webhook's POST to the first answer of the new release, against what has to be done in any
case: `git fetch` of that commit and the app's own start-up, all in one run, turn by turn.

    bench/push_to_live.py [ROUNDS]      default 20; LASTGOOD names the binary
"""

import os
import pathlib
import socket
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "e2e"))

import harness  # noqa: E402

ROUNDS = int(sys.argv.pop(1)) if len(sys.argv) > 1 else 20


def milliseconds(since):
    return (time.monotonic() - since) * 1000


def answer(port):
    return harness.get(port)[1].split(" ", 1)[0]


class PushToLive(harness.Case):
    def app_config(self):
        return {**super().app_config(), "probation": "1s"}

    def fetch(self, mirror, commit):
        began = time.monotonic()
        done = harness.run("git", "-C", mirror, "-c", "safe.directory=*", "fetch", "-q", "--no-tags",
                           str(self.repo.path), f"+{commit}:refs/heads/x")
        self.assertEqual(0, done.returncode, done.stderr)
        return milliseconds(began)

    def start(self, commit):
        """The app alone, with a socket passed as lastgood passes it, to its first answer."""
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen(16)
            port = listening.getsockname()[1]
            release = self.state / "apps" / "backend" / "releases" / commit
            began = time.monotonic()
            app = subprocess.Popen(
                ["/bin/sh", "-c", f'exec 3<&{listening.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 '
                 f'exec {" ".join(harness.APP_COMMAND)}'],
                cwd=release, pass_fds=[listening.fileno()], env=harness.ENVIRONMENT,
                stdout=subprocess.DEVNULL)
            try:
                self.assertTrue(answer(port))
                return milliseconds(began)
            finally:
                app.kill()
                app.wait()

    def push_to_first_answer(self, commit, version):
        seen = threading.Event()
        times = []

        def ask():
            while not seen.is_set():
                if answer(self.app_port) == version:
                    times.append(time.monotonic())
                    seen.set()
                time.sleep(0.002)

        asker = threading.Thread(target=ask)
        asker.start()
        began = time.monotonic()
        self.push(commit)
        self.assertTrue(seen.wait(30))
        asker.join()
        return (times[0] - began) * 1000

    def test_push_to_live(self):
        self.first_good("v0")
        mirror = self.folder / "mirror.git"
        harness.run("git", "init", "-q", "--bare", str(mirror))
        self.fetch(mirror, self.repo.tip())
        rows = []
        for number in range(1, ROUNDS + 1):
            commit = self.repo.commit(f"v{number}")
            fetch = self.fetch(mirror, commit)
            live = self.push_to_first_answer(commit, f"v{number}")
            rows.append((live, fetch, self.start(commit)))
            self.wait_good(commit)
        columns = list(zip(*rows))
        for name, column in zip(("push to live", "git fetch", "start-up of the app"), columns):
            print(f"{name:20} min {min(column):6.1f}  median {statistics.median(column):6.1f}  "
                  f"max {max(column):6.1f} ms")
        ratios = [live / (fetch + start) for live, fetch, start in rows]
        print(f"{'ratio':20} min {min(ratios):6.2f}  median {statistics.median(ratios):6.2f}  "
              f"max {max(ratios):6.2f}    (promised: at most 3)")


if __name__ == "__main__":
    harness.unittest.main(argv=[sys.argv[0]])
