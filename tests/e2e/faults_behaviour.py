"""What fails around lastgood: disks, processes, descriptors, memory, the clock. The app goes on serving,
nothing is lost, and lastgood comes back by itself when the fault is over."""

import contextlib
import errno
import os
import pathlib
import resource
import shutil
import sqlite3
import unittest

import webhooks
from harness import ROOT, SECRET, Case, UnixConnection, get, run, wait_until

DAY = 24 * 3600


class Faulty(Case):
    def setUp(self):
        super().setUp()
        self.faults = self.folder / "faults"
        self.faults.mkdir()

    def on(self, fault, text=""):
        (self.faults / fault).write_text(text)

    def off(self, fault):
        (self.faults / fault).unlink()

    def deliver(self, commit):
        """The status; always the same delivery."""
        return webhooks.github(self.hook_port, "backend", SECRET, commit, delivery=commit)[0]

    def goes_on(self, commit):
        """The app serves as before, and in the same process."""
        status, text = get(self.app_port)
        self.assertEqual(200, status)
        self.assertIn(commit, text)

    def healthy(self):
        with contextlib.suppress(OSError):
            return webhooks.send(self.hook_port, "/healthz", None, {}, method="GET")[0] == 200
        return False

    def heals(self, commit):
        """What was refused is sent again, and goes live."""
        self.wait(self.healthy, "healthz to be well")
        self.assertIn(self.deliver(commit), (200, 202))
        self.wait_good(commit)
        self.wait_one_process()
        self.assertEqual(1, len([row for row in self.deliveries() if row["id"] == commit]))


class Preloaded(Faulty):
    """By a library between lastgood and the kernel."""

    @classmethod
    def setUpClass(cls):
        if not shutil.which("cc"):
            raise unittest.SkipTest("no C compiler")

    def setUp(self):
        super().setUp()
        library = self.folder / "faults.so"
        done = run("cc", "-shared", "-fPIC", "-O1", "-o", library, ROOT / "tests/e2e/faults.c", "-ldl")
        self.assertEqual(0, done.returncode, done.stderr)
        self.serve(env={"LD_PRELOAD": str(library), "LASTGOOD_FAULTS": str(self.faults)})
        self.wait(lambda: "branch main is not in" in self.daemon.log(), "the poller's first look")
        self.first = self.first_good()

    def disk_fails(self, error):
        pid = self.status()["pid"]
        self.on("disk", str(error))
        second = self.repo.commit(f"v{error}")
        self.assertEqual(503, self.deliver(second))
        self.assertFalse(self.healthy())
        self.goes_on(self.first)
        # What runs is supervised all the same.
        os.kill(pid, 9)
        self.wait(lambda: self.status()["pid"] not in (0, pid), "the restart")
        self.wait(lambda: self.status()["state"] == "running", "running")
        self.goes_on(self.first)
        self.off("disk")
        self.heals(second)

    def test_a_dying_disk(self):
        self.disk_fails(errno.EIO)

    def test_a_dying_disk_beside_a_process_without_an_environment(self):
        """Such a one can't be told at first: the daemon looks twice before it begins."""
        orphan = int(run("sh", "-c", "env -i sleep 600 >/dev/null 2>&1 & echo $!").stdout)
        self.addCleanup(os.kill, orphan, 9)
        proc = pathlib.Path(f"/proc/{orphan}")
        wait_until(lambda: (proc / "environ").read_bytes() == b"", "its start")
        if "PPid:\t1\n" not in (proc / "status").read_text():
            self.skipTest("orphans aren't the first process's here")
        self.daemon.stop()
        self.daemon.start()
        self.wait(lambda: self.status()["state"] == "running", "running")
        self.disk_fails(errno.EIO)

    def test_a_disk_that_becomes_read_only(self):
        self.disk_fails(errno.EROFS)

    def test_no_process_can_be_made(self):
        self.on("fork")
        second = self.repo.commit("v2")
        self.assertEqual(202, self.deliver(second))
        self.wait(lambda: "fork" in self.daemon.log(), "the failure to be told")
        self.goes_on(self.first)
        pid = self.status()["pid"]
        os.kill(pid, 9)
        self.wait(lambda: self.status()["state"] == "backoff", "backoff")
        self.off("fork")
        self.wait_good(second)
        self.wait_one_process()

    def test_a_clock_set_back_a_day_and_forth_again(self):
        for offset, version in ((-DAY, "back"), (DAY, "forth"), (0, "right")):
            self.on("clock", str(offset))
            commit = self.repo.commit(version)
            self.assertEqual(202, self.deliver(commit))
            self.wait_good(commit)
            self.assertEqual(commit, self.history()[0]["commit"], "the newest comes first")
            self.assertEqual(commit, self.deliveries()[0]["id"])
            for phase, time in self.history()[0]["phases_ms"].items():
                self.assertLess(time, 60_000, (phase, offset))
                self.assertGreaterEqual(time, 0, (phase, offset))
            self.assertIn(version, self.cli_ok("status"))
        self.wait_one_process()


class FromOutside(Faulty):
    def bound(self, what, limit=None):
        """Of the running daemon; without a number: as much as it may have."""
        _, hard = resource.prlimit(self.daemon.pid, what)
        resource.prlimit(self.daemon.pid, what, (hard if limit is None else limit, hard))

    def test_the_database_is_locked_by_another_program(self):
        first = self.first_good()
        second = self.repo.commit("v2")
        with contextlib.closing(sqlite3.connect(self.state / "lastgood.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            self.assertEqual(503, self.deliver(second))
            self.goes_on(first)
            self.wait(lambda: "locked" in self.status()["trouble"], "the status")
            done = self.cli("pause", "backend")
            self.assertEqual(1, done.returncode, done)
            self.assertIn("this could not be recorded yet", done.stderr)
            self.assertIn("LG-not-recorded", done.stderr)
            other.execute("ROLLBACK")
        self.wait(lambda: self.status()["paused"] and not self.status()["trouble"], "the pause")
        self.cli_ok("resume", "backend")
        self.heals(second)

    def test_all_descriptors_are_taken(self):
        first = self.first_good()
        self.bound(resource.RLIMIT_NOFILE, len(os.listdir(f"/proc/{self.daemon.pid}/fd")) + 3)
        second = self.repo.commit("v2")
        with contextlib.ExitStack() as connections:
            for _ in range(3):
                connection = UnixConnection(self.runtime / "control.sock")
                connection.connect()
                connections.callback(connection.close)
            status = self.deliver(second)
            self.assertIn(status, (202, 503))
            self.goes_on(first)
        self.bound(resource.RLIMIT_NOFILE)
        self.heals(second)

    def test_memory_runs_out(self):
        first = self.first_good()
        pid = self.status()["pid"]
        self.bound(resource.RLIMIT_DATA, 1 << 20)
        second = self.repo.commit("v2")
        # It may end for it: then it is started again, as systemd does.
        for _ in range(200):
            with contextlib.suppress(OSError):
                self.deliver(second)
            if not self.daemon.running():
                break
        self.goes_on(first)
        self.assertNotIn("Assertion", self.daemon.log())
        if self.daemon.running():
            self.bound(resource.RLIMIT_DATA)
        else:
            self.daemon.start()
        self.assertIn(pid, self.app_pids())
        self.heals(second)


class ByHand(Faulty):
    def test_a_release_deleted_by_hand(self):
        first = self.first_good()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        releases = self.state / "apps/backend/releases"
        shutil.rmtree(releases / first)
        self.cli("rollback", "backend")
        # It is made again, or the rollback fails and says why: users have a good one all the time.
        self.wait(lambda: not self.status()["deployment"], "the end of the rollback")
        row = self.history()[0]
        if row["outcome"] == "good":
            self.goes_on(first)
        else:
            self.assertIn(first[:7], row["reason"] + row["commit"])
            self.goes_on(second)
        third = self.repo.commit("v3")
        self.push(third)
        self.wait_good(third)

    def test_the_live_release_deleted_by_hand_is_made_again(self):
        self.app["build"] = "echo built >built"
        commit = self.first_good()
        pid = self.status()["pid"]
        release = self.state / "apps/backend/releases" / commit
        shutil.rmtree(release)
        os.kill(pid, 9)
        self.wait(lambda: self.status()["state"] == "running"
                  and self.status()["pid"] not in (0, pid), "its restart")
        self.goes_on(commit)
        self.assertEqual("built\n", (release / "built").read_text())
        self.assertIn(f"release {commit[:7]} is gone from the disk", self.daemon.log())
        self.assertEqual(["good"], [row["outcome"] for row in self.history()])
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(commit, self.status()["last_good"])
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)

    def test_a_corrupted_mirror(self):
        self.first_good()
        mirror = self.state / "apps/backend/repo.git"
        for pack in mirror.rglob("*.pack"):
            pack.chmod(0o644)
            pack.write_bytes(pack.read_bytes()[:-40] + b"\0" * 40)
        for folder in mirror.glob("objects/[0-9a-f][0-9a-f]"):
            for item in folder.iterdir():
                item.chmod(0o644)
                item.write_bytes(b"\0" * 10)
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        self.assertEqual("v2", self.version())


if __name__ == "__main__":
    unittest.main()
