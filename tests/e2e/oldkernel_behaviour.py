"""A kernel that can't switch between the sockets of a port: releases take turns, and who connects in
between waits in the one queue."""

import unittest

from harness import PYTHON, ROOT, Case
from load import Load

OLD_KERNEL = [PYTHON, str(ROOT / "tests" / "e2e" / "without_port_switch.py")]


class OldKernel(Case):
    def test_releases_take_turns_and_nobody_is_refused(self):
        self.serve(prefix=OLD_KERNEL)
        self.wait(lambda: "branch main is not in" in self.daemon.log(), "the poller's first look")
        self.assertIn("this kernel has no switch between sockets of one port", self.daemon.log())
        first = self.first_good()
        with Load(self.app_port) as load:
            self.grow(load, 200)
            second = self.repo.commit("v2")
            self.push(second)
            self.wait_good(second)
            self.grow(load, 200)
            self.cli_ok("restart", "backend")
            self.grow(load, 200)
            bad = self.repo.commit("bad", start="exit")
            self.push(bad)
            self.wait_outcome(bad, "failed")
            self.wait(lambda: self.status()["state"] == "running", "v2 to be back")
            self.cli_ok("rollback", "backend")
            self.wait_good(first)
            self.grow(load, 200)
        self.assertEqual([], [str(failure) for failure in load.failures])
        self.assertEqual({"v1", "v2"}, set(load.answered))
        self.wait_one_process()

    def test_the_next_daemon_goes_on_with_the_process(self):
        self.serve(prefix=OLD_KERNEL)
        self.wait(lambda: "branch main is not in" in self.daemon.log(), "the poller's first look")
        self.first_good()
        pid = self.status()["pid"]
        with Load(self.app_port) as load:
            self.daemon.kill()
            self.daemon.start()
            self.assertEqual(pid, self.status()["pid"])
            self.grow(load, 200)
            second = self.repo.commit("v2")
            self.push(second)
            self.wait_good(second)
        self.assertEqual([], [str(failure) for failure in load.failures])


if __name__ == "__main__":
    unittest.main()
