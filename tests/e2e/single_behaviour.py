"""An app without `listen`: it binds its port itself, so the old one stops before the new starts."""

import unittest

from harness import Case, get


class WithoutListen(Case):
    listen = False

    def commit(self, version, **behaviour):
        return self.repo.commit(version, port=self.app_port, **behaviour)

    def first(self):
        first = self.commit("v1")
        self.serve()
        self.push(first)
        self.wait_good(first)
        return first

    def wait_version(self, version):
        def answers():
            try:
                return get(self.app_port)[1].split(" ")[0] == version
            except OSError:
                return False

        self.wait(answers, f"{version} to answer")

    def test_the_old_one_stops_and_the_new_one_starts(self):
        self.first()
        second = self.commit("v2")
        self.push(second)
        self.wait_good(second)
        self.wait_version("v2")
        self.assertEqual(1, len(self.app_pids()))

    def test_a_release_that_does_not_start_leads_back_to_the_old_one(self):
        first = self.first()
        bad = self.commit("bad", start="exit")
        self.push(bad)
        row = self.wait_outcome(bad, "failed")
        self.assertIn("status 3", row["reason"])
        self.wait_live(first)
        self.wait_version("v1")
        self.assertIn(bad, self.quarantined())
        self.wait_one_process()

    def test_a_crash_loop_in_probation_leads_back_to_the_old_one(self):
        first = self.first()
        self.daemon.stop()
        self.app["probation"] = "30s"
        self.serve()
        self.wait_live(first)
        bad = self.commit("bad", crash_after_ms=30)
        self.push(bad)
        self.wait_outcome(bad, "rolled_back")
        self.wait_live(first)
        self.wait_version("v1")
        self.assertIn(bad, self.quarantined())
        self.wait_one_process()

    def test_rollback_by_command(self):
        first = self.first()
        second = self.commit("v2")
        self.push(second)
        self.wait_good(second)
        self.cli_ok("rollback", "backend")
        self.assertEqual(first, self.status()["commit"])
        self.wait_version("v1")

    def test_kill_nine_of_the_daemon_leaves_one_process(self):
        first = self.first()
        self.daemon.kill()
        self.daemon.start()
        self.wait_live(first)
        self.wait_one_process()
        self.wait_version("v1")


class Worker(Case):
    """No port at all: ready is being alive for a while, or saying so."""

    listen = False

    def test_a_worker_is_deployed_by_being_alive(self):
        self.app["ready"] = {"after": "200ms"}
        first = self.first_good()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        self.wait_one_process()
        self.assertNotEqual(first, second)

    def test_a_worker_that_says_when_it_is_ready(self):
        self.app["ready"] = {"notify": True, "within": "5s"}
        commit = self.first_good(notify=True)
        self.assertEqual(commit, self.status()["last_good"])


if __name__ == "__main__":
    unittest.main()
