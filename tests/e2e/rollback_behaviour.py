"""Bad releases: back to the last good one, and bad stays away."""

import unittest

import webhooks
from harness import SECRET, Case
from relay import GitDaemon, Relay


class CrashLoop(Case):
    def setUp(self):
        super().setUp()
        self.first = self.first_good()
        self.daemon.stop()
        self.app["probation"] = "30s"
        self.serve()
        self.wait_live(self.first)

    def bad_push(self, **behaviour):
        commit = self.repo.commit("bad", **behaviour)
        self.push(commit, delivery=f"of-{commit[:7]}")
        return commit

    def test_a_crash_loop_in_probation_is_rolled_back_and_quarantined(self):
        pid = self.status()["pid"]
        bad = self.bad_push(crash_after_ms=30)
        row = self.wait_outcome(bad, "rolled_back")
        self.assertIn("status 7", row["reason"])
        self.assertEqual(self.first, self.status()["commit"])
        self.assertEqual("v1", self.version())
        self.assertEqual(pid, self.status()["pid"], "the warm release was not restarted")
        self.assertIn(bad, self.quarantined())
        self.wait_one_process()

    def test_one_crash_in_probation_is_survived(self):
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_phase(second, "probation")
        self.assertEqual(self.first, self.status()["beside"]["commit"])
        self.assertGreater(self.status()["beside"]["memory_bytes"], 1_000_000)
        self.assertIn("beside it", self.cli_ok("status", "backend"))
        slot = self.status()["slot"]
        try:
            self.version("/crash")
        except Exception:  # the crash cuts this very request
            pass
        self.wait(
            lambda: self.status()["commit"] == second
            and self.status()["slot"] == slot
            and len(self.app_pids()) == 2
            and self.version() == "v2",
            "the second release to serve again",
        )
        self.assertEqual("probation", self.status()["state"])
        self.assertEqual({}, self.quarantined())

    def test_bad_stays_away_from_webhook_redelivery_and_poller_until_it_is_forced(self):
        bad = self.bad_push(crash_after_ms=30)
        self.wait_outcome(bad, "rolled_back")
        runs = len(self.deployments_of(bad))

        webhooks.github(self.hook_port, "backend", SECRET, bad, delivery="bad-again")
        self.wait(
            lambda: [d for d in self.deliveries() if d["id"] == "bad-again"], "the delivery's row"
        )
        redelivered = self.cli("redeliver", f"of-{bad[:7]}")
        self.assertIn("quarantine", redelivered.stdout + redelivered.stderr)
        refused = self.cli("deploy", "backend", bad)
        self.assertEqual(4, refused.returncode, refused.stdout + refused.stderr)
        self.assertIn("--force", refused.stdout + refused.stderr)
        tip = self.cli("deploy", "backend")
        self.assertEqual(4, tip.returncode, tip.stdout + tip.stderr)
        self.daemon.stop()  # the poller looks at every start
        server = self.enterContext(GitDaemon(self.folder))
        remote = self.enterContext(Relay(server.port))
        self.app["repo"] = f"git://127.0.0.1:{remote.port}/backend.git"
        self.app["poll"] = "1s"
        self.serve()
        self.wait_live(self.first)
        self.wait(lambda: remote.connections >= 3, "the poller to look")
        self.assertEqual(self.first, self.status()["commit"])
        started = [r for r in self.deployments_of(bad) if "starting" in r["phases_ms"]]
        self.assertEqual(1, len(started), "it ran again")
        self.assertGreaterEqual(runs, 1)

        forced = self.cli("deploy", "backend", bad, "--force", "--no-wait")
        self.assertEqual(0, forced.returncode, forced.stdout + forced.stderr)
        self.wait(
            lambda: len([r for r in self.deployments_of(bad) if "starting" in r["phases_ms"]]) == 2,
            "the forced deployment to run",
        )

    def test_the_next_good_push_goes_live_after_a_rollback(self):
        bad = self.bad_push(crash_after_ms=30)
        self.wait_outcome(bad, "rolled_back")
        third = self.repo.commit("v3")
        self.push(third)
        self.wait_live(third)
        self.assertEqual("v3", self.version())

    def test_a_push_that_mends_it_replaces_a_crashing_release_in_probation(self):
        bad = self.bad_push()
        self.wait_phase(bad, "probation")
        third = self.repo.commit("v3")
        self.push(third)
        self.wait_live(third)
        self.assertEqual("superseded", self.deployments_of(bad)[0]["outcome"])


class FirstRelease(Case):
    def test_a_bad_first_release_is_kept_restarting_and_told(self):
        bad = self.repo.commit("bad", start="exit")
        self.serve()
        self.push(bad)
        self.wait(lambda: self.status()["state"] == "failed", "the state failed")
        row = self.deployments_of(bad)[0]
        self.assertIn("no good release", row["reason"])
        mended = self.repo.commit("v2")
        self.push(mended)
        self.wait_good(mended)
        self.assertEqual("v2", self.version())


class ByCommand(Case):
    def test_rollback_goes_to_the_release_before_at_once(self):
        first = self.first_good()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        out = self.cli_ok("rollback", "backend")
        self.assertIn(first[:7], out)
        self.assertEqual(first, self.status()["commit"])
        self.assertEqual("v1", self.version())
        self.assertIn("rolled back by", self.quarantined()[second])
        row = self.history()[0]
        self.assertEqual(("rollback", "good"), (row["trigger"], row["outcome"]))
        self.assertNotIn("building", row["phases_ms"])
        self.wait_one_process()

    def test_rollback_to_a_commit(self):
        first = self.first_good()
        for version in ("v2", "v3"):
            commit = self.repo.commit(version)
            self.push(commit)
            self.wait_good(commit)
        self.cli_ok("rollback", "backend", "--to", first[:10])
        self.assertEqual("v1", self.version())
        again = self.cli("rollback", "backend", "--to", first)
        self.assertEqual(0, again.returncode, "idempotent: " + again.stderr)

    def test_nothing_to_roll_back_to_is_refused(self):
        first = self.first_good()
        done = self.cli("rollback", "backend")
        self.assertEqual(4, done.returncode, done.stdout + done.stderr)
        self.assertEqual(first, self.status()["commit"])
        self.assertEqual({}, self.quarantined())

    def test_a_new_push_deploys_as_usual_after_a_rollback(self):
        self.first_good()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        self.cli_ok("rollback", "backend")
        third = self.repo.commit("v3")
        self.push(third)
        self.wait_good(third)

    def test_a_commit_freed_from_quarantine_can_be_deployed(self):
        self.first_good()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        self.cli_ok("rollback", "backend")
        self.cli_ok("quarantine", "release", "backend", second)
        self.assertEqual({}, self.quarantined())
        self.cli_ok("deploy", "backend", second)
        self.assertEqual("v2", self.version())


class AfterGood(Case):
    def test_a_good_release_that_crashes_is_restarted_and_not_rolled_back(self):
        first = self.first_good()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        for _ in range(4):
            pid = self.status()["pid"]
            try:
                self.version("/crash")
            except Exception:  # the crash cuts this very request
                pass
            self.wait(
                lambda: self.status()["pid"] not in (0, pid) and self.status()["state"] == "running",
                "the restart",
            )
            self.assertEqual("v2", self.version())
        self.assertEqual(second, self.status()["commit"])
        self.assertGreaterEqual(self.status()["restarts"], 4)
        self.assertEqual({}, self.quarantined())
        self.assertNotEqual(first, second)


if __name__ == "__main__":
    unittest.main()
