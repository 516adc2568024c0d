"""The daemon is killed at each named place of a deployment that goes well, one that fails, and one
that is rolled back; the next daemon ends what was begun, once, and users have the right release.

The places (include/lastgood/base/kill_point.h) are those that a first deployment of the kind passes;
what is killed is lastgood itself, linked with kill points that kill (tests/kill).
"""

import collections
import contextlib
import http.client
import os
import pathlib
import unittest

import webhooks
from harness import BINARY, SECRET, Case, Daemon, text_of

KILLABLE = pathlib.Path(BINARY).parent / "tests" / "lastgood_killable"


class AtEachPoint:
    """With a Case: one kind of deployment."""

    outcome = None  # the kind's own
    behaviour = {}

    def setUp(self):
        if not KILLABLE.exists():
            self.skipTest(f"{KILLABLE} is not built")
        super().setUp()
        self.points = self.folder / "points"
        self.armed = self.folder / "armed"
        self.pushes = 0
        self.app.update({
            "build": "echo built >built", "keep_releases": 2, "probation": "250ms",
            "hooks": {name: "true" for name in ("before_switch", "after_switch", "on_rollback",
                                                "on_failure")},
        })

    def start_daemon(self, point=None):
        self.write_config()
        env = {"LASTGOOD_KILL_LOG": str(self.points), "LASTGOOD_KILL_ARMED": str(self.armed),
               **({"LASTGOOD_KILL_AT": point} if point else {})}
        self.daemon = Daemon(self.config_path, self.folder, env=env)
        self.daemon.argv[0] = str(KILLABLE)
        self.daemon.start()

    def next_commit(self):
        self.pushes += 1
        return self.repo.commit(f"v{self.pushes}", **self.behaviour)

    def deliver(self, commit):
        """As a forge does: sent again when there was no answer or a 5xx; always under one id."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, body = webhooks.github(self.hook_port, "backend", SECRET, commit, delivery=commit)
            self.assertIn(status, (200, 202, 503), body)
            return status != 503
        return False

    def ended(self, commit):
        rows = self.deployments_of(commit)
        return rows and all(row["outcome"] for row in rows) and any(
            row["outcome"] == self.outcome for row in rows)

    def check(self, commit, good, point):
        """Nothing is lost and nothing is done twice."""
        with self.subTest(point):
            live = commit if self.outcome == "good" else good
            self.wait(lambda: self.ended(commit), f"{commit[:7]} to end as {self.outcome}")
            self.wait(lambda: self.status()["state"] == "running" and self.status()["commit"] == live,
                      f"{live[:7]} to run")
            self.wait_one_process()
            outcomes = collections.Counter(row["outcome"] for row in self.deployments_of(commit))
            self.assertEqual(1, outcomes[self.outcome], outcomes)
            self.assertLessEqual(set(outcomes), {self.outcome, "superseded", "cancelled"})
            self.assertEqual(live, os.path.basename(os.readlink(self.state / "apps/backend/current")))
            self.assertEqual(self.outcome != "good", commit in self.quarantined())
            rows = [row for row in self.deliveries() if row["id"] == commit]
            self.assertLessEqual(len(rows), 1, rows)
            built = self.state / "apps/backend/releases" / live / "built"
            self.assertEqual("built\n", built.read_text())
            return live

    def warm_up(self):
        """Three good releases: from here on each deployment also removes one."""
        self.start_daemon()
        self.wait(lambda: "branch main is not in" in self.daemon.log(), "the poller's first look")
        for number in range(3):
            good = self.repo.commit(f"good{number}")
            self.deliver(good)
            self.wait_good(good)
        # Else what is left of this would count as a place of the next deployment.
        self.wait(lambda: "prune ended" in text_of(self.points).splitlines(), "pruning")
        return good

    def passed_points(self, good):
        """Those of one deployment of the kind, and the last good release after it."""
        before = len(text_of(self.points).splitlines())
        commit = self.next_commit()
        self.deliver(commit)
        good = self.check(commit, good, "unharmed")
        if self.outcome == "good":
            self.wait(lambda: "prune ended" in text_of(self.points).splitlines()[before:], "pruning")
        passed = text_of(self.points).splitlines()[before:]
        return list(dict.fromkeys(passed)), good

    def test_at_each_point(self):
        good = self.warm_up()
        points, good = self.passed_points(good)
        self.assertGreater(len(points), 25)
        for point in points:
            self.daemon.stop()
            self.start_daemon(point)
            self.wait_live(good)
            commit = self.next_commit()
            self.armed.touch()
            heard = self.deliver(commit)
            self.daemon.process.wait(20)
            self.daemon.start()
            if not heard:
                self.deliver(commit)
            good = self.check(commit, good, point)
        print(f"@note {len(points)} points: {', '.join(points)}")


class Good(AtEachPoint, Case):
    outcome = "good"


class Failing(AtEachPoint, Case):
    outcome = "failed"
    behaviour = {"start": "exit"}


class RollingBack(AtEachPoint, Case):
    outcome = "rolled_back"
    behaviour = {"crash_after_ms": 40}


if __name__ == "__main__":
    unittest.main()
