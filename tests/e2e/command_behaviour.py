"""The commands: what they do, what they print, and their exit codes."""

import json
import os
import re
import socket
import unittest

from harness import BINARY, Case, get, run, text_of

RFC3339 = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"


class Shapes(Case):
    """The JSON that scripts rely on."""

    def setUp(self):
        super().setUp()
        self.first = self.first_good()

    def test_status(self):
        status = self.cli_json("status")
        self.assertEqual({"apps"}, set(status))
        (app,) = status["apps"]
        wanted = {
            "name": str, "branch": str, "state": str, "commit": str, "last_good": str, "slot": str,
            "pid": int, "uptime_s": int, "restarts": int, "memory_bytes": int, "paused": bool,
        }
        for key, kind in wanted.items():
            self.assertIsInstance(app[key], kind, key)
        self.assertIsNone(app["deployment"])
        self.assertEqual(("backend", "main", "running"), (app["name"], app["branch"], app["state"]))
        self.assertEqual((self.first, self.first), (app["commit"], app["last_good"]))
        self.assertIn(app["slot"], ("blue", "green"))
        self.assertGreater(app["memory_bytes"], 1_000_000)
        (again,) = self.cli_json("status", "backend")["apps"]
        for moving in ("memory_bytes", "uptime_s"):
            app.pop(moving), again.pop(moving)
        self.assertEqual(app, again)

    def test_history(self):
        (row,) = self.cli_json("history", "backend")["deployments"]
        for key in ("id", "app", "commit", "subject", "author", "trigger", "outcome", "reason",
                    "delivery", "started_at", "finished_at", "phases_ms"):
            self.assertIn(key, row)
        self.assertEqual(("webhook", "good"), (row["trigger"], row["outcome"]))
        self.assertRegex(row["started_at"], RFC3339)
        self.assertRegex(row["finished_at"], RFC3339)
        self.assertLessEqual(
            {"fetching", "building", "starting", "probation"}, set(row["phases_ms"])
        )
        for value in row["phases_ms"].values():
            self.assertIsInstance(value, int)

    def test_history_is_newest_first_and_counted(self):
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        rows = self.cli_json("history")["deployments"]
        self.assertEqual([second, self.first], [row["commit"] for row in rows])
        (row,) = self.cli_json("history", "backend", "-n", "1")["deployments"]
        self.assertEqual(second, row["commit"])

    def test_deliveries(self):
        (row,) = self.cli_json("deliveries")["deliveries"]
        self.assertEqual(
            {"id", "provider", "event", "app", "ref", "commit", "decision", "reason",
             "received_at", "bytes"},
            set(row),
        )
        self.assertEqual(("github", "push", "backend"), (row["provider"], row["event"], row["app"]))
        self.assertEqual(("refs/heads/main", self.first), (row["ref"], row["commit"]))
        self.assertEqual("deploy", row["decision"])
        self.assertRegex(row["received_at"], RFC3339)
        self.assertGreater(row["bytes"], 100)

    def test_quarantine(self):
        self.assertEqual({"quarantine": []}, self.cli_json("quarantine"))
        bad = self.repo.commit("bad", start="exit")
        self.push(bad)
        self.wait_outcome(bad, "failed")
        (row,) = self.cli_json("quarantine", "backend")["quarantine"]
        self.assertEqual({"app", "commit", "reason", "since"}, set(row))
        self.assertEqual(("backend", bad), (row["app"], row["commit"]))
        self.assertRegex(row["since"], RFC3339)

    def test_version_names_the_libraries(self):
        told = self.cli_json("version")
        text = json.dumps(told).lower()
        for library in ("libgit2", "openssl", "sqlite", "httplib", "spdlog", "yaml"):
            self.assertIn(library, text)
        self.assertIn("lastgood", self.cli_ok("version"))

    def test_tables_for_people_without_colours_in_a_pipe(self):
        for command in (["status"], ["history"], ["deliveries"], ["quarantine"]):
            out = self.cli_ok(*command)
            self.assertNotIn("\x1b", out)
        self.assertIn(self.first[:7], self.cli_ok("status"))
        self.assertIn("running", self.cli_ok("status"))
        self.assertIn("Version v1", self.cli_ok("history"))


class Pause(Case):
    def test_deliveries_are_recorded_and_wait_for_nobody(self):
        first = self.first_good()
        self.cli_ok("pause", "backend")
        self.assertTrue(self.status()["paused"])
        second = self.repo.commit("v2")
        self.push(second, delivery="paused", expect=200)
        row = next(d for d in self.deliveries() if d["id"] == "paused")
        self.assertIn("pause", row["reason"])
        self.assertEqual(first, self.status()["commit"])
        refused = self.cli("redeliver", "paused")
        self.assertEqual(4, refused.returncode, refused.stdout + refused.stderr)
        self.assertIn("pause", refused.stderr)
        self.cli_ok("deploy", "backend")  # only what is automatic is paused
        self.assertEqual(second, self.status()["commit"])
        self.cli_ok("resume", "backend")
        self.assertFalse(self.status()["paused"])
        third = self.repo.commit("v3")
        self.push(third)
        self.wait_good(third)


class Processes(Case):
    def test_stop_start_restart(self):
        first = self.first_good()
        pid = self.status()["pid"]
        self.cli_ok("restart", "backend")
        self.wait(lambda: self.status()["pid"] not in (0, pid), "another process")
        self.wait(lambda: self.status()["state"] == "running", "running")
        self.assertEqual("v1", self.version())
        self.cli_ok("stop", "backend")
        self.wait(lambda: not self.app_pids(), "the app to be gone")
        self.assertEqual("stopped", self.status()["state"])
        self.cli_ok("start", "backend")
        self.wait(lambda: self.status()["state"] == "running", "running")
        self.assertEqual("v1", self.version())
        self.assertEqual(first, self.status()["commit"])
        self.assertEqual(1, len(self.history()), "no deployment was made")

    def test_stop_ends_an_app_that_ignores_term_and_all_its_children(self):
        self.app["run"] = f"(sleep 1234 & setsid sleep 1235 &) ; exec {' '.join(self.app['run'])}"
        self.app["stop"]["timeout"] = "300ms"
        self.first_good(term="ignore")
        self.cli_ok("stop", "backend")
        from harness import processes_of

        self.wait(
            lambda: not [
                c for c in processes_of(self.folder).values() if "app.py" in c or "sleep" in c
            ],
            "everything of the app to be gone",
        )
        self.wait(lambda: "did not stop within 300ms; should it need longer, raise `stop.timeout`"
                  in self.daemon.log(), "the log to tell")


class NothingRuns(Case):
    """The socket of `listen` is lastgood's: users wait in its queue."""

    def ask(self):
        user = socket.create_connection(("127.0.0.1", self.app_port), timeout=10)
        self.addCleanup(user.close)
        user.sendall(b"GET / HTTP/1.0\r\n\r\n")
        user.settimeout(0.5)
        with self.assertRaises(TimeoutError):
            user.recv(1)
        user.settimeout(10)
        return user

    def test_users_wait_before_the_first_release_after_a_failed_one_and_while_stopped(self):
        self.app["build"] = ["test $(cat fails) = no"]
        self.serve_and_look()
        waiting = [self.ask()]
        bad = self.repo.commit("v1", files={"fails": "yes"})
        self.push(bad)
        self.wait_outcome(bad, "failed")
        waiting.append(self.ask())
        good = self.repo.commit("v2", files={"fails": "no"})
        self.push(good)
        self.wait_good(good)
        self.cli_ok("stop", "backend")
        self.wait(lambda: self.status()["state"] == "stopped", "the app's end")
        waiting.append(self.ask())
        self.cli_ok("start", "backend")
        for user in waiting:
            self.assertEqual(b"HTTP/1", user.recv(6))


class Output(Case):
    def test_output_log_and_logs_hold_what_the_app_says(self):
        self.first_good(say=["hello from the app", "a second line"])
        log = self.state / "apps" / "backend" / "logs" / "output.log"
        self.wait(lambda: "hello from the app" in text_of(log), "its words in output.log")
        out = self.cli_ok("logs", "backend")
        self.assertIn("hello from the app", out)
        self.assertIn("a second line", self.cli_ok("logs", "backend", "--grep", "second"))
        self.assertNotIn("hello", self.cli_ok("logs", "backend", "--grep", "second"))
        (last,) = self.cli_ok("logs", "backend", "-n", "1").splitlines()
        self.assertNotIn("hello", last)

    def test_logs_tell_what_the_daemon_did(self):
        commit = self.first_good()
        self.assertIn(commit[:7], self.cli_ok("logs"))

    def test_binary_output_harms_nobody(self):
        self.app["run"] = (
            "printf 'bell\\a and \\033[31mred\\033[0m \\377\\n'; exec " + " ".join(self.app["run"])
        )
        self.first_good()
        done = run(BINARY, "--config", self.config_path, "logs", "backend")
        self.assertNotIn("\x1b", done.stdout)
        self.assertIn("red", done.stdout)


@unittest.skipIf(os.geteuid() != 0, "needs root, to be somebody else")
class Roles(Case):
    """Groups by number: none of them need exist on this machine."""

    READ, DEPLOY, ADMIN, OTHER = 61001, 61002, 61003, 61004

    def setUp(self):
        super().setUp()
        self.config["control"] = {"read": [str(self.READ)], "deploy": str(self.DEPLOY),
                                  "admin": [str(self.ADMIN)]}
        self.first = self.first_good()
        self.config_path.chmod(0o644)

    def as_member(self, group, *arguments):
        return run("setpriv", "--reuid=61000", "--regid=61000", f"--groups={group}",
                   BINARY, "--config", self.config_path, *arguments)

    def test_each_does_what_its_role_may(self):
        looks, deploys, frees = ["status"], ["restart", "backend"], ["reexec"]
        allowed = {self.OTHER: 0, self.READ: 1, self.DEPLOY: 2, self.ADMIN: 3}
        for group, count in allowed.items():
            for number, command in enumerate((looks, deploys, frees)):
                done = self.as_member(group, *command)
                wanted = 0 if number < count else 4
                self.assertEqual(wanted, done.returncode, (group, command, done.stdout, done.stderr))
                if wanted:
                    self.assertIn("this takes the role", done.stderr)
            self.wait(lambda: self.status()["state"] == "running", "the app to be back")

    def test_only_an_admin_frees_a_bad_commit(self):
        bad = self.repo.commit("bad", start="exit")
        self.push(bad)
        self.wait_outcome(bad, "failed")
        for command in (["deploy", "backend", bad, "--force"], ["quarantine", "release", "backend", bad]):
            done = self.as_member(self.DEPLOY, *command)
            self.assertEqual(4, done.returncode, done.stderr)
        self.assertIn(bad, self.quarantined())
        done = self.as_member(self.ADMIN, "quarantine", "release", "backend", bad)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual({}, self.quarantined())


class ExitCodes(Case):
    def test_nothing_listens_3(self):
        self.write_config()
        for command in (["status"], ["deploy", "backend"], ["history"], ["pause", "backend"]):
            done = self.cli(*command)
            self.assertEqual(3, done.returncode, (command, done.stderr))
            self.assertRegex(done.stderr, r"lastgood")
            self.assertNotIn("terminate", done.stderr)

    def test_wrong_usage_2(self):
        self.write_config()
        for command in ([], ["nonsense"], ["deploy"], ["status", "--nonsense"], ["history", "-n", "x"]):
            done = self.cli(*command)
            self.assertEqual(2, done.returncode, (command, done.stdout, done.stderr))
        self.assertEqual(0, self.cli("--help").returncode)
        self.assertIn("rollback", self.cli("--help").stdout)

    def test_wrong_usage_leads_to_the_help_of_that_command(self):
        for command, named in (
            (["deploy"], "deploy"),
            (["deploy", "a", "--forc"], "deploy"),
            (["fleet", "deploy"], "fleet deploy"),
            (["--nonsense"], ""),
        ):
            see = " ".join(["see: lastgood", named, "--help"]).replace("  ", " ")
            self.assertIn(see, self.cli(*command).stderr)
        self.assertIn("there is no command webhook lst\n", self.cli("webhook", "lst").stderr)

    def test_nothing_at_all_shows_what_there_is(self):
        for command in ([], ["webhook"]):
            done = self.cli(*command)
            self.assertEqual(2, done.returncode)
            self.assertEqual("", done.stdout)
            self.assertEqual(self.cli(*command, "--help").stdout.strip(), done.stderr.strip())

    def test_unknown_app_2(self):
        self.serve()
        for command in (["status", "nobody"], ["deploy", "nobody"], ["pause", "nobody"]):
            done = self.cli(*command)
            self.assertEqual(2, done.returncode, (command, done.stdout, done.stderr))
            self.assertIn("nobody", done.stderr)
            self.assertNotIn("did you mean", done.stderr)

    def test_an_app_that_was_mistyped_is_told_the_one_that_was_meant(self):
        self.serve()
        for command in ("status", "deploy", "pause", "history", "deliveries", "notify list",
                        "notify test", "logs"):
            done = self.cli(*command.split(), "bakcend")
            self.assertEqual(2, done.returncode, (command, done.stdout, done.stderr))
            self.assertIn("; did you mean backend?", done.stderr, command)

    def test_a_commit_that_is_on_trial_already_is_followed_to_its_end(self):
        self.app["probation"] = "1500ms"
        self.first_good()
        for version, behaviour, code, outcome in (("bad", {"crash_after_ms": 300}, 1, "rolled_back"),
                                                  ("v2", {}, 0, "good")):
            commit = self.repo.commit(version, **behaviour)
            self.push(commit)
            self.wait(lambda: (self.status()["deployment"] or {}).get("phase") == "probation", "the probation")
            done = self.cli("deploy", "backend")
            self.assertEqual(code, done.returncode, done.stdout + done.stderr)
            self.assertIn("is live already, in the probation of deployment", done.stdout)
            self.assertRegex(done.stdout, rf"(?m)^backend {commit[:7]} {outcome}\b")
        self.assertEqual(1, len([row for row in self.deployments_of(commit)
                                 if row["outcome"] == "good"]))

    def test_a_deployment_that_fails_1(self):
        self.first_good()
        self.repo.commit("bad", start="exit")
        done = self.cli("deploy", "backend")
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        self.assertRegex(done.stdout + done.stderr, "failed")

    def test_a_deployment_that_is_rolled_back_1(self):
        first = self.first_good()
        self.daemon.stop()
        self.app["probation"] = "30s"
        self.serve()
        self.wait_live(first)
        self.repo.commit("bad", crash_after_ms=30)
        done = self.cli("deploy", "backend")
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        self.assertRegex(done.stdout + done.stderr, r"rolled.back")

    def test_done_0_and_progress_is_shown(self):
        self.serve()
        commit = self.repo.commit("v1")
        out = self.cli_ok("deploy", "backend")
        self.assertIn(commit[:7], out)
        for word in ("fetching", "starting", "probation", "good"):
            self.assertRegex(out, re.compile(word, re.I))

    def test_deploy_json(self):
        self.serve()
        commit = self.repo.commit("v1")
        told = self.cli_json("deploy", "backend")
        self.assertIn(commit, json.dumps(told))
        self.assertIn("good", json.dumps(told))


class Api(Case):
    def test_events_are_sent_as_they_happen(self):
        import http.client
        from harness import UnixConnection

        self.serve()
        connection = UnixConnection(self.runtime / "control.sock", timeout=20)
        connection.request("GET", "/v1/events")
        response = connection.getresponse()
        self.assertEqual(200, response.status)
        self.assertIn("text/event-stream", response.getheader("Content-Type"))
        commit = self.repo.commit("v1")
        self.push(commit)
        seen = ""
        while '"outcome":"good"' not in seen.replace(" ", ""):
            line = response.readline().decode()
            self.assertTrue(line, "the stream ended")
            seen += line
        self.assertIn(commit, seen)
        connection.close()
        del http.client

    def test_metrics_are_prometheus_text(self):
        from harness import UnixConnection

        self.serve()
        connection = UnixConnection(self.runtime / "control.sock")
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        text = response.read().decode()
        self.assertEqual(200, response.status)
        self.assertIn("lastgood_", text)
        for line in text.splitlines():
            self.assertRegex(line, r"^(#.*|[a-z_]+(\{[^}]*\})? [0-9.e+-]+)?$")
        connection.close()

    def test_the_control_socket_is_not_for_everyone(self):
        self.serve()
        mode = (self.runtime / "control.sock").stat().st_mode & 0o777
        self.assertEqual(0o660, mode)
        self.assertEqual(404, self.raw("/v1/nothing"))

    def raw(self, path):
        from harness import UnixConnection

        connection = UnixConnection(self.runtime / "control.sock")
        connection.request("GET", path)
        try:
            return connection.getresponse().status
        finally:
            connection.close()


if __name__ == "__main__":
    unittest.main()
