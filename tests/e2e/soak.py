"""A real daemon for as long as one likes: pushes of every kind and faults, drawn from a seed, under
constant load. After each the world must be as a naive model says; at the end nothing may have grown.
Run by scripts/soak.

LASTGOOD_SOAK_MINUTES   how long, default 1
LASTGOOD_SOAK_SEED      default: the time
"""

import collections
import contextlib
import http.client
import os
import pathlib
import random
import signal
import sqlite3
import time
import unittest

import webhooks
from harness import ROOT, SECRET, Case, run, wait_until
from load import Load

MINUTES = float(os.environ.get("LASTGOOD_SOAK_MINUTES", "1"))
SEED = int(os.environ.get("LASTGOOD_SOAK_SEED", time.time_ns() % 1_000_000))
THREADS = 2
PAUSE = 0.003  # of each thread after a request: an hour of it leaves the machine to others, too
SETTLES_WITHIN = 60
READY_WITHIN = "6s"  # a slow machine under load is no bad release
LOG_SIZE = "128KB"  # full within the first minutes: what grows after them is no log
FORGOTTEN_AFTER = 30  # good releases that the model goes back to at most

BAD = {
    "exits": {"start": "exit"},
    "never ready": {"start": "never_ready"},
    "crash loop": {"crash_after_ms": 30},
}


def megabytes(count):
    return f"{count / (1 << 20):.1f} MB"


class Model:
    """What must be live: the newest wish that was good, and what operators left is left."""

    def __init__(self):
        self.good = []  # newest first, none of them in quarantine
        self.bad = set()

    @property
    def live(self):
        return self.good[0]

    def became_good(self, commit):
        if commit in self.good:
            self.good.remove(commit)
        self.good.insert(0, commit)
        del self.good[FORGOTTEN_AFTER:]

    def rolled_back(self):
        left = self.good.pop(0)
        self.bad.add(left)
        return self.good[0]


class Soak(Case):
    def setUp(self):
        super().setUp()
        self.draw = random.Random(SEED)
        self.model = Model()
        self.counts = collections.Counter()
        self.crashes = 0  # of processes that may have held a request
        self.acknowledged = set()  # deliveries
        self.faults = self.folder / "faults"
        self.faults.mkdir()
        self.database = self.state / "lastgood.db"
        library = self.folder / "faults.so"
        done = run("cc", "-shared", "-fPIC", "-O1", "-o", library, ROOT / "tests/e2e/faults.c", "-ldl")
        self.assertEqual(0, done.returncode, done.stderr)
        self.environment = {"LD_PRELOAD": str(library), "LASTGOOD_FAULTS": str(self.faults)}
        self.config["log"] = {"level": "info", "max_size": LOG_SIZE, "keep": 2}
        self.app.update({"keep_releases": 3, "probation": "500ms", "fast_forward_only": False,
                         "ready": {"http": "/", "within": READY_WITHIN}, "build": "echo built >built"})

    # ---- pushing
    def deliver(self, commit, delivery=None):
        """As a forge does: until it is acknowledged."""
        delivery = delivery or f"{commit}-{self.counts['pushes']}"

        def acknowledged():
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, _ = webhooks.github(self.hook_port, "backend", SECRET, commit,
                                            delivery=delivery)
                self.assertIn(status, (200, 202, 429, 503))
                if status in (200, 202):
                    return True
            self.counts["sent again"] += 1
            return False

        wait_until(acknowledged, f"{commit[:7]} to be acknowledged", SETTLES_WITHIN)
        self.counts["pushes"] += 1
        self.acknowledged.add(delivery)
        return delivery

    def new_commit(self, **behaviour):
        self.counts["commits"] += 1
        return self.repo.commit(f"v{self.counts['commits']}", **behaviour)

    def push_good(self):
        commit = self.new_commit()
        self.deliver(commit)
        self.model.became_good(commit)

    def push_bad(self):
        kind = self.draw.choice(list(BAD))
        self.counts[f"bad: {kind}"] += 1
        if kind == "crash loop":
            self.crashes += 4
        commit = self.new_commit(**BAD[kind])
        self.deliver(commit)
        self.model.bad.add(commit)

    def push_many(self):
        commits = [self.new_commit() for _ in range(self.draw.randint(2, 5))]
        late = list(commits)
        self.draw.shuffle(late)
        for commit in late:
            self.deliver(commit)
        self.settled(commits[-1])
        for commit in commits:
            if self.was_good(commit):
                self.model.became_good(commit)
        self.model.became_good(commits[-1])

    def push_twice(self):
        commit = self.new_commit()
        delivery = self.deliver(commit)
        self.deliver(commit, delivery)
        self.model.became_good(commit)

    def push_back(self):
        """The branch is forced back to a release that was good."""
        commit = self.draw.choice(self.model.good[:3])
        self.repo.set_tip(commit)
        self.deliver(commit)
        self.model.became_good(commit)

    # ---- faults and operators
    def kill_app(self):
        pid = self.status()["pid"]
        if pid:
            self.crashes += 1
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_daemon(self):
        self.daemon.kill()
        self.daemon.start()

    def kill_receiver(self):
        pid = self.receiver_pid()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def replace_program(self):
        self.assertEqual(0, self.cli("reexec").returncode)

    def reload(self):
        self.daemon.process.send_signal(signal.SIGHUP)

    def disk_refuses(self):
        self.a_while("disk", "5")

    def no_process(self):
        self.settled(self.model.live)  # a build that can't be started has failed
        self.kill_app()
        self.a_while("fork", "")

    def clock_jumps(self):
        (self.faults / "clock").write_text(str(self.draw.choice((-86_400, -60, 0, 60, 86_400))))

    def a_while(self, fault, text):
        (self.faults / fault).write_text(text)
        time.sleep(self.draw.uniform(0.05, 0.4))
        (self.faults / fault).unlink()

    def remote_is_away(self):
        away = self.repo.path.with_suffix(".away")
        before = self.model.live  # perhaps still on its way, and then superseded by this one
        commit = self.new_commit()
        self.repo.path.rename(away)
        self.deliver(commit)
        time.sleep(self.draw.uniform(0.05, 0.4))
        away.rename(self.repo.path)
        self.settled(commit)
        if not self.was_good(before):
            self.model.good.remove(before)
        self.model.became_good(commit)

    def restart_app(self):
        self.assertEqual(0, self.cli("restart", "backend").returncode)

    def pause(self):
        self.cli_ok("pause", "backend")
        self.cli_ok("resume", "backend")

    def roll_back(self):
        if len(self.model.good) < 2:
            return
        target = self.model.rolled_back()
        done = self.cli("rollback", "backend", "--to", target)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.model.became_good(target)
        self.repo.set_tip(target)

    PUSHES = {push_good: 8, push_bad: 3, push_many: 2, push_twice: 1, push_back: 1}
    FAULTS = {kill_app: 3, kill_daemon: 2, kill_receiver: 2, replace_program: 1, reload: 1,
              disk_refuses: 2, no_process: 1, clock_jumps: 1, remote_is_away: 2}
    WISHES = {restart_app: 1, pause: 1, roll_back: 2}

    def some(self, actions):
        (action,) = self.draw.choices(list(actions), list(actions.values()))
        self.counts[action.__name__.replace("_", " ")] += 1
        return action

    # ---- what must hold
    def was_good(self, commit):
        return any(row["outcome"] == "good" for row in self.deployments_of(commit))

    def settled(self, live):
        def is_so():
            with contextlib.suppress(OSError, ValueError):
                now = self.status()
                return (now["state"] == "running" and now["commit"] == live
                        and not now["deployment"] and len(self.app_pids()) == 1)
            return False

        self.assertTrue(self.daemon.running(), "the daemon ended")
        try:
            wait_until(is_so, f"{live[:7]} to be live and nothing under way", SETTLES_WITHIN)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.status()}\n{self.history()[:6]}\n"
                                 f"{self.app_pids()}") from None

    def check(self):
        self.settled(self.model.live)
        rows = self.deliveries()
        ids = collections.Counter(row["id"] for row in rows)
        self.assertEqual([], [one for one, count in ids.items() if count > 1], "recorded twice")
        self.assertTrue(all(row["decision"] for row in rows), "undecided")
        for row in self.history():
            self.assertTrue(row["outcome"], f"left open: {row}")

    def check_all(self):
        """In what was stored since the beginning."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as stored:
            rows = stored.execute("SELECT id, decision FROM deliveries").fetchall()
            (open_ones,) = stored.execute(
                "SELECT count(*) FROM deployments WHERE outcome = ''").fetchone()
        self.assertEqual(self.acknowledged, {delivery for delivery, _ in rows}, "lost")
        self.assertEqual(len(self.acknowledged), len(rows), "doubled")
        self.assertEqual([], [delivery for delivery, decision in rows if not decision], "undecided")
        self.assertEqual(0, open_ones, "left open")
        print(f"{len(rows)} deliveries acknowledged, each recorded once and decided: 0 lost, 0 doubled; "
              f"the database has {megabytes(self.database.stat().st_size)}")

    def sizes(self):
        """Of the daemon and what it keeps, when nothing is under way."""
        pid = self.daemon.pid
        rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
        memory = next(int(line.split()[1]) << 10 for line in rollup.splitlines()
                      if line.startswith("Pss:"))
        disk = 0
        for folder, folders, files in os.walk(self.state):  # old releases go meanwhile
            if "repo.git" in folders:
                folders.remove("repo.git")
            for name in files:
                if not name.startswith(self.database.name):
                    with contextlib.suppress(FileNotFoundError):
                        disk += os.lstat(os.path.join(folder, name)).st_size
        return {"memory": memory, "descriptors": len(os.listdir(f"/proc/{pid}/fd")), "disk": disk}

    def test_soak(self):
        print(f"seed {SEED}, {MINUTES:g} minutes", flush=True)
        self.serve(env=self.environment)
        self.wait(lambda: "branch main is not in" in self.daemon.log(), "the poller's first look")
        self.push_good()
        self.settled(self.model.live)
        begun = time.monotonic()
        ends = begun + MINUTES * 60
        measured = []
        with Load(self.app_port, THREADS, pause=PAUSE) as load:
            while time.monotonic() < ends:
                self.some(self.PUSHES)(self)
                if self.draw.random() < 0.3:
                    self.some(self.FAULTS)(self)
                    self.counts["faults"] += 1
                elif self.draw.random() < 0.2:
                    self.settled(self.model.live)
                    self.some(self.WISHES)(self)
                self.check()
                measured.append((time.monotonic() - begun, self.sizes()))
        self.check_all()
        self.report(load, measured)

    def report(self, load, measured):
        print("\n".join(f"{count:8} {what}" for what, count in sorted(self.counts.items())))
        held = sum(load.kinds().values())
        print(f"{load.total} requests, {held} failed: held by one of up to {self.crashes} processes "
              f"that crashed; the slowest {load.slowest * 1000:.0f} ms")
        settled = 600 if MINUTES > 20 else MINUTES * 20
        before = [sizes for at, sizes in measured if at <= settled]
        after = [sizes for at, sizes in measured if at > settled]
        for what in ("memory", "descriptors", "disk"):
            first = max(sizes[what] for sizes in before)
            last = max(sizes[what] for sizes in after)
            text = megabytes if what != "descriptors" else str
            print(f"{what:12} at most {text(first)} in the first {settled / 60:.1f} minutes, "
                  f"{text(last)} after")
            self.assertLessEqual(last, first * 1.25 + (1 << 20 if what != "descriptors" else 4), what)
        self.assertLessEqual(set(load.kinds()), {"cut"}, load.kinds())
        self.assertLessEqual(held, self.crashes * THREADS)


if __name__ == "__main__":
    unittest.main()
