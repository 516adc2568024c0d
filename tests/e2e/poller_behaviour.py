"""The slow fallback: pushes that no webhook told of."""

import unittest

from harness import Case
from relay import GitDaemon, Relay


class Poller(Case):
    def setUp(self):
        super().setUp()
        server = self.enterContext(GitDaemon(self.folder))
        self.remote = self.enterContext(Relay(server.port))
        self.app["repo"] = f"git://127.0.0.1:{self.remote.port}/backend.git"

    def test_a_push_without_a_webhook_is_found(self):
        self.app["poll"] = "1s"
        first = self.repo.commit("v1")
        self.serve()
        row = self.wait_good(first)
        self.assertEqual("poll", row["trigger"])
        second = self.repo.commit("v2")
        row = self.wait_good(second)
        self.assertEqual("poll", row["trigger"])
        self.assertEqual("v2", self.version())

    def test_a_push_while_the_daemon_was_away_is_found_at_its_start(self):
        first = self.first_good()
        self.daemon.stop()
        second = self.repo.commit("v2")
        self.app["poll"] = "off"
        self.serve()
        row = self.wait_good(second)
        self.assertEqual("poll", row["trigger"])
        self.assertNotEqual(first, second)

    def test_off_it_looks_again_only_where_there_is_something_else_to_follow(self):
        self.app["poll"] = "off"
        first = self.first_good()
        self.repo.commit("v2")
        before = self.remote.connections
        self.app["probation"] = "400ms"
        self.reload()
        tip = self.repo.commit("v3", branch="next")
        self.app["branch"] = "next"
        self.reload()
        self.assertEqual("poll", self.wait_good(tip)["trigger"])
        commits = [row["commit"] for row in self.history()]
        self.assertEqual([tip, first], commits)
        self.assertLessEqual(self.remote.connections - before, 2, "a look and a fetch")

    def test_pause_binds_it(self):
        self.app["poll"] = "1s"
        first = self.first_good()
        self.cli_ok("pause", "backend")
        second = self.repo.commit("v2")
        self.wait_looks(2)
        self.assertEqual(first, self.status()["commit"])
        self.cli_ok("resume", "backend")
        self.wait_good(second)

    def test_it_does_not_fight_a_rollback(self):
        self.app["poll"] = "1s"
        first = self.first_good()
        second = self.repo.commit("v2")
        self.wait_good(second)
        self.cli_ok("rollback", "backend")
        self.wait_looks(2)
        self.assertEqual(first, self.status()["commit"])
        self.assertEqual("v1", self.version())

    def test_an_unreachable_remote_is_told_and_costs_nothing(self):
        self.app["poll"] = "1s"
        first = self.first_good()
        away = self.repo.path.with_name("away.git")
        self.repo.path.rename(away)
        self.wait_looks(2)
        self.wait(lambda: "git://" in self.daemon.log(), "the log to tell")
        self.assertEqual("v1", self.version())
        away.rename(self.repo.path)
        self.assertEqual(first, self.status()["commit"])

    def wait_looks(self, count):
        """Until the remote was asked so many times more."""
        goal = self.remote.connections + count
        self.wait(lambda: self.remote.connections >= goal, f"{count} looks at the remote")


if __name__ == "__main__":
    unittest.main()
