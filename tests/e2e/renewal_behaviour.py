"""A fresh process takes over from one that grew too large or answers no more, unseen by users."""

import unittest

from harness import Case, get
from load import Load


class Renewal(Case):
    def setUp(self):
        super().setUp()
        self.app["ready"] = {"http": "/health", "within": "10s"}

    def wait_fresh(self, before):
        self.wait(
            lambda: self.status()["pid"] not in (0, before["pid"]), "a fresh process", timeout=60
        )
        self.wait_one_process()

    def test_too_much_memory(self):
        self.app["memory_max"] = "96MB"
        commit = self.first_good()
        before = self.status()
        with Load(self.app_port) as load:
            get(self.app_port, "/grow")
            self.wait_fresh(before)
            self.grow(load, 200)
        self.assertEqual([], [str(failure) for failure in load.failures])
        after = self.status()
        self.assertEqual((commit, "running"), (after["commit"], after["state"]))
        self.assertNotEqual(before["slot"], after["slot"])
        self.assertEqual(0, after["restarts"])
        self.assertLess(after["memory_bytes"], 96 << 20)
        self.assertIn("more than memory_max (96.0MB)", self.daemon.log())

    def test_one_that_answers_no_more(self):
        self.app["watch"] = "liveness"
        commit = self.first_good()
        before = self.status()
        with Load(self.app_port) as load:
            get(self.app_port, "/deaf")
            self.wait_fresh(before)
        self.assertEqual([], [str(failure) for failure in load.failures])
        self.assertEqual(commit, self.status()["commit"])
        self.assertIn("its probe failed 3 times in a row: GET /health: answered 500", self.daemon.log())


class RenewalInPlace(Case):
    listen = False

    def test_too_much_memory(self):
        self.app["memory_max"] = "96MB"
        commit = self.first_good(port=self.app_port)
        before = self.status()
        get(self.app_port, "/grow")
        self.wait(
            lambda: self.status()["pid"] not in (0, before["pid"]), "a fresh process", timeout=60
        )
        self.wait_good(commit)
        self.assertEqual(0, self.status()["restarts"])


if __name__ == "__main__":
    unittest.main()
