"""`lastgood explain`: the whole story of one deployment, for each way in which one ends."""

import re
import unittest

from harness import Case

CLOCK = r"\d\d:\d\d:\d\d\.\d{3}"


class Explain(Case):
    def explain(self, what):
        return self.cli_ok("explain", what)

    def tells(self, text, *parts):
        """These regular expressions, in this order."""
        at = 0
        for part in parts:
            found = re.compile(part).search(text, at)
            self.assertTrue(found, f"not (in this order): {part}\n{text}")
            at = found.end()

    def ended(self, commit, outcome):
        self.push(commit)
        return self.wait_outcome(commit, outcome)

    def test_a_good_one(self):
        self.app["build"] = ["echo one", "echo two"]
        commit = self.first_good()
        row = self.history()[0]
        text = self.explain(row["id"])
        self.tells(
            text,
            rf"Deployment {row['id']} of backend is good after ",
            r"What asked for it\n  (a push of github to refs/heads/main, received \d|the poller)",
            rf"commit {commit}\n  \"Version v1\" by Ada <ada@example.org>",
            rf"(?m)^  {CLOCK}  asked for\n",
            rf"(?m)^  {CLOCK}  fetching, \d+ms",
            rf"(?m)^  {CLOCK}  building, \d+",
            rf"(?m)^  {CLOCK}    build step 1 of 2: echo one, \d+",
            rf"(?m)^  {CLOCK}    build step 2 of 2: echo two, \d+",
            rf"(?m)^  {CLOCK}  starting, \d+",
            rf"(?m)^  {CLOCK}  users got it, in slot (blue|green); its probation began, \d+",
            rf"(?m)^  {CLOCK}  good\n",
            r"all of it: /.*/apps/backend/logs/deployment-\d+\.log",
            r"this commit is live in slot (blue|green), state running",
            r"What to do\n  nothing\n",
        )
        self.assertEqual(text, self.explain("backend"), "an app is its newest one")
        told = self.cli_json("explain", row["id"])
        self.assertEqual((row["id"], "backend"), (told["deployment"]["id"], told["app"]["name"]))
        self.assertEqual(["one", "two"], told["output"])
        self.assertIsNone(told["quarantine"])

    def test_a_failed_build(self):
        first = self.first_good()
        self.app["build"] = ["echo so far so good", "echo no such module: login >&2; exit 3"]
        self.write_config()
        self.daemon.stop()
        self.daemon.start()
        row = self.ended(self.repo.commit("v2"), "failed")
        self.assertEqual("LG-build-failed", row["help"])
        self.tells(
            self.explain(row["id"]),
            r"failed after .*: build: step 2 ",
            r"build step 1 of 2: echo so far so good, ",
            r"build step 2 of 2: echo no such module",
            r"What it said last\n  \| so far so good\n  \| no such module: login\n",
            rf"commit {first[:7]} is live",
            rf"try this again: lastgood deploy backend {row['commit'][:7]}\n",
            r"lastgood help LG-build-failed\n",
        )

    def test_one_that_was_not_ready(self):
        first = self.first_good()
        row = self.ended(self.repo.commit("bad", start="exit"), "failed")
        self.assertEqual("LG-not-ready", row["help"])
        self.tells(
            self.explain(row["id"]),
            r"  starting, ",
            rf"  {CLOCK}  failed: it ended before it was ready",
            rf"commit {first[:7]} is live in slot",
            rf"commit {row['commit'][:7]} is in quarantine since ",
            r"mend it and push",
            rf"lastgood deploy backend {row['commit'][:7]} --force",
        )

    def test_one_that_was_rolled_back_for_its_crashes(self):
        first = self.first_good()
        self.app["probation"] = "30s"
        self.write_config()
        self.daemon.stop()
        self.daemon.start()
        row = self.ended(self.repo.commit("bad", crash_after_ms=30), "rolled_back")
        self.assertEqual("LG-crash-loop", row["help"])
        self.wait(lambda: self.history()[0]["trigger"] == "crash-loop", "the way back")
        bad = row["commit"][:7]
        self.tells(
            self.explain(row["id"]),
            r"was rolled back after .*: it crashed 3 times",
            rf"  {CLOCK}  users got it, in slot (blue|green)",
            rf"  {CLOCK}    commit {bad} crashed in its probation \(1 of 3\): it .* status 7",
            rf"  {CLOCK}  users were taken back to {first[:7]}, in slot (blue|green)",
            rf"crashed in its probation \(2 of 3\)",
            rf"  {CLOCK}  rolled_back: it crashed 3 times",
            rf"commit {first[:7]} is live",
            rf"commit {bad} is in quarantine",
            rf"the next deployment was {row['id'] + 1}: commit {first[:7]}, crash-loop, good",
            r"lastgood help LG-crash-loop",
        )
        self.assertEqual(self.explain(row["id"]), self.explain("backend"))
        self.tells(
            self.explain(row["id"] + 1),
            r"lastgood itself, as the way back",
            r"good: back on the last good release, which was still running",
        )

    def test_one_that_a_newer_one_took_the_place_of(self):
        self.first_good()
        self.app["build"] = "sleep 60"
        self.write_config()
        self.daemon.stop()
        self.daemon.start()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_phase(second, "building")
        self.tells(self.explain("backend"), r"goes on: building", r"building, and still is",
                   r"build step 1 of 1: sleep 60\n", r"wait; see how far it is")
        third = self.repo.commit("v3")
        self.push(third)
        row = self.wait_outcome(second, "superseded")
        self.tells(
            self.explain(row["id"]),
            r"was superseded after .*: a newer request came in",
            rf"the next deployment was {row['id'] + 1}: commit {third[:7]}, webhook, ",
            rf"nothing; how it went on: lastgood explain {row['id'] + 1}\n",
        )

    def test_a_rollback_by_hand(self):
        first = self.first_good()
        second = self.first_good("v2")
        self.cli_ok("rollback", "backend")
        left, back = self.deployments_of(second)[0], self.history()[0]
        self.assertEqual((first, "rollback"), (back["commit"], back["trigger"]))
        self.tells(
            self.explain(back["id"]),
            r"is good",
            r"What asked for it\n  \S+, by lastgood rollback",
            rf"commit {first}\n",
            r"users got it, in slot (blue|green)\n",
            rf"this commit is live",
        )
        self.tells(
            self.explain(left["id"]),
            r"is good",  # it was, until somebody left it
            rf"commit {second[:7]} is in quarantine",
            rf"the next deployment was {back['id']}: commit {first[:7]}, rollback, good",
        )

    def test_what_is_not_there(self):
        self.serve_and_look()
        unknown = self.cli("explain", "4711")
        self.assertEqual((2, True), (unknown.returncode, "no deployment 4711" in unknown.stderr))
        nobody = self.cli("explain", "nobody")
        self.assertEqual((2, True), (nobody.returncode, "nobody" in nobody.stderr))


if __name__ == "__main__":
    unittest.main()
