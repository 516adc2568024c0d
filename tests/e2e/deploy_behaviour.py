"""From a signed push to the commit that users get, and every way in which it is decided."""

import json
import os
import unittest

from harness import PYTHON, Case, get, text_of, wait_until


class Push(Case):
    def test_the_first_push_goes_live_and_becomes_good(self):
        self.serve_and_look()
        commit = self.repo.commit("v1")
        answer = self.push(commit, delivery="first")
        self.assertEqual({"delivery": "first", "status": "accepted"}, answer)
        self.wait_live(commit)
        self.assertEqual("v1", self.version())
        row = self.wait_good(commit)
        self.assertEqual("webhook", row["trigger"])
        self.assertEqual("first", row["delivery"])
        self.assertEqual("Version v1", row["subject"])
        self.assertIn("Ada", row["author"])
        status = self.status()
        self.assertEqual(commit, status["last_good"])
        self.assertEqual([status["pid"]], self.app_pids())

    def test_the_second_push_takes_the_other_slot(self):
        first = self.first_good()
        slot = self.status()["slot"]
        second = self.repo.commit("v2")
        self.push(second, before=first)
        self.wait_live(second)
        self.assertEqual("v2", self.version())
        self.wait_good(second)
        self.assertEqual({"blue", "green"}, {slot, self.status()["slot"]})
        self.wait_one_process()

    def test_the_link_current_names_the_release_with_exactly_the_commits_files(self):
        commit = self.first_good(files={"sub/file.txt": "hello"})
        current = self.state / "apps" / "backend" / "current"
        release = self.state / "apps" / "backend" / "releases" / commit
        self.assertTrue(current.is_symlink())
        self.assertEqual(release.resolve(), current.resolve())
        self.assertEqual("hello", (release / "sub" / "file.txt").read_text())
        self.assertFalse((release / ".git").exists())

    def test_the_app_gets_its_environment_and_nothing_of_the_daemons(self):
        self.app["env"] = {"COLOUR": "green"}
        (self.folder / "app.env").write_text("# comment\nFROM_FILE='a b'\n")
        self.app["env_file"] = str(self.folder / "app.env")
        self.serve(env={"DAEMONS_OWN": "secret"})
        commit = self.repo.commit("v1")
        self.push(commit)
        self.wait_live(commit)
        env = json.loads(get(self.app_port, "/env")[1])
        self.assertEqual("backend", env["LASTGOOD_APP"])
        self.assertEqual(commit, env["LASTGOOD_COMMIT"])
        self.assertEqual("main", env["LASTGOOD_BRANCH"])
        self.assertIn(env["LASTGOOD_TRIGGER"], ("webhook", "poll"))
        self.assertIn(commit, env["LASTGOOD_RELEASE"])
        self.assertEqual("green", env["COLOUR"])
        self.assertEqual("a b", env["FROM_FILE"])
        self.assertEqual("1", env["LISTEN_FDS"])
        self.assertNotIn("DAEMONS_OWN", env)
        self.assertFalse([name for name in env if name.startswith("GIT_")])

    def test_each_command_is_told_the_commit_before_and_why(self):
        names = ("before_switch", "after_switch", "on_rollback", "on_failure")
        told = self.folder / "told"
        self.app["hooks"] = {
            name: f'echo "{name} $LASTGOOD_COMMIT $LASTGOOD_PREVIOUS_COMMIT $LASTGOOD_TRIGGER" >>{told}'
            for name in names}
        first = self.first_good()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        self.cli_ok("restart", "backend")
        self.wait(lambda: self.status()["state"] == "running", "running")
        self.assertEqual(first, json.loads(get(self.app_port, "/env")[1])["LASTGOOD_PREVIOUS_COMMIT"])
        bad = self.repo.commit("bad", crash_after_ms=30)
        self.push(bad)
        self.wait_outcome(bad, "rolled_back")
        lines = self.wait(lambda: (found := text_of(told)).count("\n") == 7 and found.splitlines(), "7 hooks")
        begin = lines[0].split()[-1]  # the poller may have found it before the webhook
        self.assertEqual(
            [f"before_switch {first}  {begin}", f"after_switch {first}  {begin}",
             f"before_switch {second} {first} webhook", f"after_switch {second} {first} webhook",
             f"before_switch {bad} {second} webhook", f"after_switch {bad} {second} webhook",
             f"on_rollback {bad} {second} webhook"], lines)

    def test_a_command_as_text_goes_to_the_shell_and_workdir_is_in_the_release(self):
        self.app["run"] = f"cd .. && exec {PYTHON} -S -E app.py"
        self.app["workdir"] = "sub"
        commit = self.first_good(files={"sub/file.txt": "x"})
        self.assertEqual(commit, self.status()["commit"])

    def test_a_delivery_of_a_commit_that_is_live_changes_nothing(self):
        commit = self.first_good()
        pid = self.status()["pid"]
        self.push(commit)
        self.wait(
            lambda: all(row["decision"] for row in self.deliveries())
            and not self.status()["deployment"]
            and all(row["outcome"] for row in self.history()),
            "the second delivery to be decided",
        )
        self.assertEqual(pid, self.status()["pid"])

    def test_two_apps_of_one_daemon_do_not_disturb_each_other(self):
        other = self.folder / "other"
        other.mkdir()
        from harness import Repo, free_port

        repo = Repo(other, "worker")
        self.config["apps"]["worker"] = {
            **self.app_config(),
            "repo": str(repo.path),
            "listen": f"127.0.0.1:{free_port()}",
        }
        good = self.first_good()
        pid = self.status()["pid"]
        bad = repo.commit("w1", start="exit")
        from harness import SECRET
        import webhooks

        status, _ = webhooks.github(self.hook_port, "worker", SECRET, bad)
        self.assertEqual(202, status)
        self.wait(lambda: self.status("worker")["state"] == "failed", "the worker to be failed")
        self.assertEqual(pid, self.status()["pid"])
        self.assertEqual(good, self.status()["commit"])
        self.assertEqual("v1", self.version())


class Building(Case):
    def test_build_steps_run_in_order_in_the_release(self):
        self.app["build"] = ["echo one > built", ["/bin/sh", "-c", "echo $LASTGOOD_COMMIT >> built"]]
        commit = self.first_good()
        built = (self.state / "apps/backend/releases" / commit / "built").read_text()
        self.assertEqual(f"one\n{commit}\n", built)

    def test_a_build_that_fails_keeps_the_old_release_and_may_be_tried_again(self):
        switch = self.folder / "fail"
        self.app["build"] = [f"test ! -e {switch} || {{ echo no luck; exit 4; }}"]
        first = self.first_good()
        switch.touch()
        second = self.repo.commit("v2")
        self.push(second, delivery="again")
        row = self.wait_outcome(second, "failed")
        self.assertIn("4", row["reason"])
        self.assertIn("no luck", row["reason"])
        self.assertEqual(first, self.status()["commit"])
        self.assertEqual("v1", self.version())
        self.assertEqual({}, self.quarantined())
        switch.unlink()
        self.cli_ok("redeliver", "again")
        self.wait_good(second)

    def test_an_env_file_that_can_not_be_read_is_not_the_commits_fault(self):
        env_file = self.folder / "app.env"
        env_file.write_text("A=b\n")
        self.app["env_file"] = str(env_file)
        good = self.first_good()
        env_file.write_text("A=b\nthis is none\n")
        commit = self.repo.commit("v2")
        self.push(commit)
        row = self.wait_outcome(commit, "failed")
        self.assertIn("app.env:2: not a NAME=value line", row["reason"])
        self.assertEqual("LG-build-failed", row["help"])
        self.assertEqual({}, self.quarantined())
        self.assertEqual(good, self.status()["commit"])
        env_file.write_text("A=b\n")
        self.assertEqual(0, self.cli("deploy", "backend", commit).returncode)

    def test_a_build_that_hangs_is_ended_whole_at_its_deadline(self):
        first = self.first_good()
        self.daemon.stop()
        self.app["build"] = ["sleep 1234 & sleep 1234"]
        self.app["build_timeout"] = "1s"
        self.serve()
        second = self.repo.commit("v2")
        self.push(second)
        row = self.wait_outcome(second, "failed")
        self.assertRegex(row["reason"], r"\b1(\.0)? ?s")
        self.assertEqual(first, self.status()["commit"])
        from harness import processes_of

        self.wait(
            lambda: not [c for c in processes_of(self.folder).values() if "sleep" in c],
            "the build's processes to be gone",
        )

    def test_the_latest_push_wins_while_a_slow_build_runs(self):
        gate = self.folder / "gate"
        started = self.folder / "started"
        self.app["build"] = [
            f"touch {started}-$LASTGOOD_COMMIT; while [ ! -e {gate} ]; do sleep 0.02; done"
        ]
        first = self.repo.commit("v1")
        self.serve()
        self.push(first)
        wait_until(lambda: os.path.exists(f"{started}-{first}"), "the first build")
        second = self.repo.commit("v2")
        self.push(second)
        third = self.repo.commit("v3")
        self.push(third)
        self.wait(lambda: os.path.exists(f"{started}-{third}"), "the third build")
        gate.touch()
        self.wait_good(third)
        self.assertEqual("v3", self.version())
        for commit in (first, second):
            rows = self.deployments_of(commit)
            for row in rows:
                self.assertEqual("superseded", row["outcome"], row)
        self.assertTrue(self.deployments_of(first))

    def test_finish_lets_the_running_deployment_end_before_the_newer_one(self):
        gate = self.folder / "gate"
        self.app["supersede"] = "finish"
        self.app["build"] = [f"while [ ! -e {gate} ]; do sleep 0.02; done"]
        first = self.repo.commit("v1")
        self.serve()
        self.push(first)
        self.wait_phase(first, "building")
        second = self.repo.commit("v2")
        self.push(second)
        gate.touch()
        self.wait_good(second)
        self.assertIn(self.deployments_of(first)[0]["outcome"], ("good", "superseded"))
        self.assertIn("starting", self.deployments_of(first)[0]["phases_ms"])


class Readiness(Case):
    def test_a_release_that_never_gets_ready_is_not_switched_to_and_quarantined(self):
        first = self.first_good()
        self.daemon.stop()
        self.app["ready"]["within"] = "600ms"
        self.serve()
        self.wait_live(first)
        for start in ("never_ready", "hang"):
            with self.subTest(start):
                bad = self.repo.commit(f"bad-{start}", start=start)
                self.push(bad)
                self.wait_outcome(bad, "failed")
                self.assertEqual(first, self.status()["commit"])
                self.assertEqual("v1", self.version())
                self.assertIn(bad, self.quarantined())
                self.wait_one_process()

    def test_a_release_that_ends_before_it_is_ready_says_why(self):
        first = self.first_good()
        bad = self.repo.commit("bad", start="exit")
        self.push(bad)
        row = self.wait_outcome(bad, "failed")
        self.assertIn("status 3", row["reason"])
        self.assertIn("I can't start", row["reason"])
        self.assertIn(bad, self.quarantined())
        self.assertEqual(first, self.status()["commit"])
        self.assertEqual("v1", self.version())

    def test_ready_by_notify(self):
        self.app["ready"] = {"notify": True, "within": "10s"}
        commit = self.first_good(notify=True)
        self.assertEqual(commit, self.status()["commit"])
        self.assertEqual("v1", self.version())

    def test_ready_by_notify_is_missed_when_nothing_is_said(self):
        self.app["ready"] = {"notify": True, "within": "500ms"}
        first = self.first_good(notify=True)
        bad = self.repo.commit("v2", notify=False)
        self.push(bad)
        self.wait_outcome(bad, "failed")
        self.assertEqual(first, self.status()["commit"])

    def test_ready_after_a_time_alive(self):
        self.app["ready"] = {"after": "2s"}
        first = self.first_good()
        bad = self.repo.commit("v2", start="exit")
        self.push(bad)
        self.wait_outcome(bad, "failed")
        self.assertEqual(first, self.status()["commit"])
        self.assertEqual("v1", self.version())


class WhichCommit(Case):
    def test_deploy_of_an_exact_older_commit(self):
        first = self.first_good()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        self.cli_ok("deploy", "backend", first)
        self.assertEqual(first, self.status()["commit"])
        self.assertEqual("v1", self.version())
        self.assertEqual("cli", self.deployments_of(first)[0]["trigger"])

    def test_deploy_without_a_commit_takes_the_tip(self):
        self.serve()
        commit = self.repo.commit("v1")
        self.cli_ok("deploy", "backend")
        self.assertEqual(commit, self.status()["commit"])

    def test_a_commit_of_another_branch_is_refused(self):
        first = self.first_good()
        other = self.repo.commit("other", branch="experiment")
        done = self.cli("deploy", "backend", other)
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        self.assertIn("main", done.stdout + done.stderr)
        self.push(other)  # says it is main's, and is not
        self.wait(
            lambda: [
                row
                for row in self.deployments_of(other)
                if row["trigger"] == "webhook" and row["outcome"]
            ],
            "the lie to be decided",
        )
        self.assertEqual(first, self.status()["commit"])
        self.assertEqual("v1", self.version())

    def test_a_late_delivery_of_an_older_commit_is_stale(self):
        first = self.first_good()
        second = self.repo.commit("v2")
        third = self.repo.commit("v3")
        self.push(third)
        self.wait_good(third)
        self.push(second, delivery="late", before=first)
        self.wait(
            lambda: [d for d in self.deliveries() if d["id"] == "late" and d["decision"] == "stale"],
            "the late delivery to be stale",
        )
        self.assertEqual(third, self.status()["commit"])
        self.assertEqual("v3", self.version())

    def test_of_deliveries_out_of_order_the_newest_commit_wins(self):
        self.first_good()
        second = self.repo.commit("v2")
        third = self.repo.commit("v3")
        self.push(third)
        self.push(second)
        self.wait(lambda: self.status()["last_good"] == third, "the newest to be good")
        self.wait(lambda: all(row["outcome"] for row in self.history()), "all to be decided")
        self.assertEqual(third, self.status()["commit"])
        self.assertEqual("v3", self.version())

    def test_a_branch_that_was_forced_back_goes_back(self):
        first = self.first_good()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        self.repo.set_tip(first)
        self.push(first, before=second)
        self.wait(lambda: self.status()["commit"] == first, "the older commit to be live")
        self.assertEqual("v1", self.version())

    def test_a_branch_that_was_rewritten_goes_to_its_new_commit(self):
        first = self.first_good()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        self.repo.set_tip(first)
        other = self.repo.commit("v2-other")
        self.push(other, before=second)
        self.wait_good(other)
        self.assertEqual("v2-other", self.version())

    def test_a_commit_announced_before_it_is_there_is_waited_for(self):
        self.first_good()
        branch_tip = self.repo.tip()
        second = self.repo.commit("v2")
        hidden = self.repo.path / "objects" / second[:2] / second[2:]
        aside = self.folder / "aside"
        self.repo.set_tip(branch_tip)
        hidden.rename(aside)
        self.push(second)
        self.wait(
            lambda: [r for r in self.history() if not r["outcome"] and r["phase"] == "fetching"],
            "the fetch to begin",
        )
        aside.rename(hidden)
        self.repo.set_tip(second)
        self.wait_good(second)


if __name__ == "__main__":
    unittest.main()
