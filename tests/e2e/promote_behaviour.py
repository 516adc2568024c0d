"""`promote`: production takes by itself what was good at staging for a while, and nothing else."""

import datetime
import json
import unittest

import webhooks
from harness import SECRET, Case, free_port


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class TwoApps(Case):
    after = 0.5  # seconds

    def setUp(self):
        super().setUp()
        staging = dict(self.app)
        self.staging_port = free_port()
        staging["listen"] = f"127.0.0.1:{self.staging_port}"
        self.app["promote"] = {"app": "staging", "after": f"{int(self.after * 1000)}ms"}
        self.config["apps"]["staging"] = staging

    def begin(self):
        """Both run the first commit: the poller's look at the start found it."""
        first = self.repo.commit("v1")
        self.serve()
        self.wait_good(first, "staging")
        self.wait_good(first)
        return first

    def tell(self, app, commit, branch="main"):
        status, body = webhooks.github(self.hook_port, app, SECRET, commit, f"refs/heads/{branch}")
        self.assertIn(status, (200, 202), body)
        return json.loads(body)

    def push_to_both(self, commit):
        answer = self.tell("backend", commit)
        self.tell("staging", commit)
        return answer

    def assert_proved_before(self, commit):
        """Production's deployment began when staging's had been good for long enough."""
        good = moment(self.deployments_of(commit, "staging")[0]["finished_at"])
        row = self.deployments_of(commit)[-1]
        waited = (moment(row["started_at"]) - good).total_seconds()
        self.assertGreaterEqual(waited, self.after - 0.002, (row, good))
        self.assertEqual("promote", row["trigger"])


class Promote(TwoApps):
    def test_a_push_waits_until_it_was_good_at_staging_for_a_while(self):
        first = self.begin()
        self.assert_proved_before(first)
        second = self.repo.commit("v2")
        answer = self.push_to_both(second)
        self.assertEqual("ignored", answer["status"])
        self.assertIn(f"commit {second[:7]} waits for staging: ", answer["reason"])
        rows = self.cli_json("deliveries", "backend")["deliveries"]
        self.assertEqual("ignored", rows[0]["decision"])
        self.assertIn("waits for staging", rows[0]["reason"])
        self.wait_good(second)
        self.assert_proved_before(second)
        self.assertEqual("v2", self.version())

    def test_what_is_bad_at_staging_never_gets_to_production(self):
        self.begin()
        bad = self.repo.commit("v2", crash_after_ms=50)
        self.push_to_both(bad)
        self.wait_outcome(bad, "rolled_back", "staging")
        self.assertIn("is in quarantine there", self.tell("backend", bad)["reason"])
        third = self.repo.commit("v3")
        self.push_to_both(third)
        self.wait_good(third)
        self.assertEqual([], self.deployments_of(bad))

    def test_an_operator_needs_force(self):
        self.begin()
        second = self.repo.commit("v2")
        for arguments in (("backend", second), ("backend",)):
            done = self.cli("deploy", *arguments)
            self.assertEqual(4, done.returncode, done)
            told = done.stdout + done.stderr
            self.assertIn("waits for staging: it has not been good there", told)
            self.assertIn("use --force", told)
        self.cli_ok("deploy", "backend", "--force")
        self.assertEqual(second, self.status()["commit"])

    def test_a_rollback_at_staging_later_is_told_and_nothing_more(self):
        self.begin()
        second = self.repo.commit("v2")
        self.push_to_both(second)
        self.wait_good(second)
        self.cli_ok("rollback", "staging")
        told = f"commit {second[:7]}, which is live here, is in quarantine at staging"
        self.wait(lambda: told in self.daemon.log(), "the warning")
        self.assertEqual(second, self.status()["commit"])
        self.assertIn(told, self.cli_ok("status", "backend"))


class LongWait(TwoApps):
    after = 6.0

    def test_a_daemon_that_dies_does_not_begin_the_wait_anew(self):
        self.app["promote"]["after"] = "0s"
        self.begin()
        self.app["promote"]["after"] = "6s"
        self.write_config()
        self.daemon.process.send_signal(1)
        self.wait(lambda: "read again" in self.daemon.log(), "the reload")
        second = self.repo.commit("v2")
        self.push_to_both(second)
        self.wait_good(second, "staging")
        waits = f"commit {second[:7]} waits for staging: good there for "
        self.wait(lambda: self.status()["waits"].startswith(waits + "3"), "half of the wait")
        self.assertIn(waits, self.cli_ok("status", "backend"))
        self.daemon.kill()
        self.daemon.start()
        self.wait_good(second)
        self.assert_proved_before(second)
        good = moment(self.deployments_of(second, "staging")[0]["finished_at"])
        began = moment(self.deployments_of(second)[0]["started_at"])
        self.assertLess((began - good).total_seconds(), self.after + 2.5)


class OtherBranch(TwoApps):
    after = 0.1

    def setUp(self):
        super().setUp()
        self.config["apps"]["staging"]["branch"] = "staging"

    def begin(self):
        first = self.repo.commit("v1")
        self.repo.set_tip(first, "staging")
        self.serve()
        self.wait_good(first)
        return first

    def prove(self, version):
        commit = self.repo.commit(version, branch="staging")
        self.tell("staging", commit, "staging")
        self.wait_good(commit, "staging")
        # Looked at by production, which has it on no branch of its own.
        self.wait(lambda: self.deployments_of(commit), "production's look")
        row = self.wait_outcome(commit, "cancelled")
        self.assertIn("is not on branch main", row["reason"])
        return commit

    def test_a_proved_commit_goes_when_production_s_branch_has_it(self):
        self.begin()
        second = self.prove("v2")
        self.repo.set_tip(second)
        self.assertEqual("accepted", self.tell("backend", second)["status"])
        self.wait_good(second)

    def test_the_newest_proved_commit_of_the_branch_goes_where_its_tip_is_not_proved(self):
        first = self.begin()
        second = self.prove("v2")
        tree = self.repo.git("rev-parse", f"{second}^{{tree}}")
        merge = self.repo.git("commit-tree", tree, "-p", first, "-p", second, "-m", "Merge")
        self.repo.set_tip(merge)
        self.assertIn("waits for staging", self.tell("backend", merge)["reason"])
        row = self.wait_good(second)
        self.assertEqual("promote", row["trigger"])
        self.assertIn(f"commit {merge[:7]} waits for staging", self.status()["waits"])


if __name__ == "__main__":
    unittest.main()
