"""admin.listen by HTTP: who gets in, what each may, and what the API has beyond the commands'."""

import os
import pathlib
import signal
import threading
import unittest

import certificates
from admin_client import READ_TOKEN, TOKEN, Client, add_admin, bearer, sign_in
from harness import Case, free_port, get, processes_of


class Admin(Case):
    def setUp(self):
        self.admin_port = free_port()
        super().setUp()

    def default_config(self):
        return add_admin(self, super().default_config())

    def log_readers(self):
        return [pid for pid in self.daemon_children() if "log-reader" in self.command_of(pid)]

    def daemon_children(self):
        path = pathlib.Path(f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children")
        return path.read_text("ascii").split()

    @staticmethod
    def command_of(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            return ""


class WhoGetsIn(Admin):
    def setUp(self):
        super().setUp()
        self.serve_and_look()

    def test_the_api_is_shut_without_a_token_and_the_page_is_not(self):
        stranger = Client(self.admin_port)
        for path in ("/v1/apps", "/v1/events", "/v1/logs", "/v1/session", "/metrics", "/healthz"):
            self.assertEqual(401, stranger.get(path).status, path)
        self.assertEqual(401, stranger.post("/v1/apps/backend/deploy").status)
        page = stranger.get("/")
        self.assertEqual(200, page.status)
        self.assertIn('src="main.js"', page.text)

    def test_a_token_opens_the_api_to_scripts(self):
        self.assertEqual(["backend"], [app["name"] for app in
                                       bearer(self.admin_port).get("/v1/apps").json["apps"]])
        self.assertIn("lastgood_app_up", bearer(self.admin_port, READ_TOKEN).get("/metrics").text)
        self.assertEqual(401, bearer(self.admin_port, "not the token at all").get("/v1/apps").status)

    def test_a_session_is_a_cookie_and_a_key_and_ends_by_signing_out(self):
        answer, client = sign_in(self.admin_port, name="Ada")
        self.assertEqual({"role": "admin", "name": "Ada"},
                         {k: v for k, v in answer.json.items() if k != "key"})
        for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(word, answer.headers["set-cookie"])
        self.assertNotIn(TOKEN, str(answer.headers) + answer.text)
        self.assertEqual(200, client.get("/v1/apps").status)
        self.assertEqual("Ada", client.get("/v1/session").json["name"])
        self.assertEqual(200, client.ask("DELETE", "/v1/session").status)
        self.assertEqual(401, client.get("/v1/apps").status)

    def test_a_wrong_token_is_refused_and_too_many_bar_the_address_from_trying(self):
        _, signed_in = sign_in(self.admin_port)
        statuses = [sign_in(self.admin_port, f"a wrong token {i}")[0].status for i in range(12)]
        self.assertEqual([401] * 10 + [429] * 2, statuses)
        self.assertEqual(429, bearer(self.admin_port).get("/v1/apps").status)
        # Who is signed in goes on, and so do the commands.
        self.assertEqual(200, signed_in.get("/v1/apps").status)
        self.assertEqual("empty", self.status()["state"])

    def test_a_forged_request_changes_nothing(self):
        _, client = sign_in(self.admin_port)
        cookie = {"Cookie": client.headers["Cookie"]}
        pause = "/v1/apps/backend/pause"
        # As another site's form sends it, or a server on another port of this host.
        for headers, status in (
            (cookie, 401),
            ({**cookie, "Origin": "https://evil.example"}, 403),
            ({**cookie, "Sec-Fetch-Site": "cross-site"}, 403),
            ({**client.headers, "Sec-Fetch-Site": "same-site"}, 403),
            ({**cookie, "X-Lastgood-Key": "0" * 64}, 401),
        ):
            answer = Client(self.admin_port, headers).post(pause)
            self.assertEqual(status, answer.status, headers)
        self.assertFalse(self.status()["paused"])
        self.assertEqual(200, client.post(pause).status)
        self.assertTrue(self.status()["paused"])

    def test_who_may_look_may_do_nothing_else(self):
        for client in (sign_in(self.admin_port, READ_TOKEN)[1], bearer(self.admin_port, READ_TOKEN)):
            self.assertEqual(200, client.get("/v1/apps").status)
            for path in ("/v1/apps/backend/deploy", "/v1/apps/backend/stop", "/v1/reexec",
                         "/v1/apps/backend/quarantine/release", "/v1/deliveries/redeliver"):
                answer = client.post(path)
                self.assertEqual(403, answer.status, path)
                self.assertIn("admin.token_file", answer.json["error"])
        self.assertNotEqual("stopped", self.status()["state"])

    def test_every_answer_carries_the_safety_headers(self):
        for path in ("/", "/main.js", "/v1/apps", "/nothing"):
            headers = bearer(self.admin_port).get(path).headers
            policy = headers["content-security-policy"]
            self.assertIn("default-src 'none'", policy, path)
            self.assertIn("frame-ancestors 'none'", policy, path)
            self.assertNotIn("unsafe", policy)
            self.assertEqual("nosniff", headers["x-content-type-options"], path)
            self.assertEqual("no-referrer", headers["referrer-policy"], path)
        self.assertEqual("no-store", bearer(self.admin_port).get("/v1/apps").headers["cache-control"])

    def test_the_page_is_sent_once_and_packed(self):
        client = Client(self.admin_port, {"Accept-Encoding": "gzip"})
        first = client.get("/main.js")
        self.assertEqual("gzip", first.headers["content-encoding"])
        again = client.get("/main.js", headers={"If-None-Match": first.headers["etag"]})
        self.assertEqual((304, ""), (again.status, again.text))

    def test_a_changed_token_ends_what_the_old_one_had_begun(self):
        _, session = sign_in(self.admin_port)
        _, looking = sign_in(self.admin_port, READ_TOKEN)
        stream = session.events("/v1/events")
        next(stream)
        new = "another token for everything"
        (self.folder / "admin-token").write_text(new + "\n")
        self.daemon.process.send_signal(signal.SIGHUP)
        self.assertEqual([], list(stream))  # to its end
        self.assertEqual(401, session.get("/v1/apps").status)
        self.assertEqual(401, bearer(self.admin_port).get("/v1/apps").status)
        self.assertEqual(200, bearer(self.admin_port, new).get("/v1/apps").status)
        self.assertEqual(200, looking.get("/v1/apps").status)
        # And without being told: the file is watched.
        (self.folder / "admin-token").write_text("a third token, for everything\n")
        third = bearer(self.admin_port, "a third token, for everything")
        self.wait(lambda: third.get("/v1/apps").status == 200, "the third token to count")


class WhatItTells(Admin):
    def test_a_deployment_is_followed_and_says_who_asked(self):
        good = self.first_good()
        _, client = sign_in(self.admin_port, name="Ada")
        stream = client.events("/v1/events")
        self.assertEqual("no-store", next(stream)["cache-control"])
        self.repo.commit("v2")
        answer = client.post("/v1/apps/backend/deploy")
        self.assertEqual(202, answer.status, answer.text)
        seen = []
        for event in stream:
            if event["type"] == "deployment":
                seen.append(event["deployment"]["outcome"] or event["deployment"]["phase"])
            if seen and seen[-1] == "good":
                break
        stream.close()
        self.assertEqual(["starting", "probation", "good"], seen[-3:])
        row = self.history()[0]
        self.assertEqual(("cli", "Ada", "v2"), (row["trigger"], row["by"],
                                                row["subject"].split()[-1]))
        self.assertEqual(202, client.post("/v1/apps/backend/rollback").status)
        self.wait(lambda: self.status()["commit"] == good, "the way back")
        self.wait(lambda: self.history()[0]["by"] == "Ada", "the rollback's row")

    def test_an_app_says_since_when_and_by_whom(self):
        self.first_good()
        app = bearer(self.admin_port).get("/v1/apps/backend").json
        self.assertEqual("Ada <ada@example.org>", app["author"])
        row = self.history()[0]
        self.assertLess(row["started_at"], app["since"])
        self.assertLessEqual(app["since"], row["finished_at"])

    def test_logs_are_read_filtered_and_followed(self):
        self.app["logs"] = [str(self.folder / "own.log")]
        (self.folder / "own.log").write_text("WARN own line of the app\n")
        self.first_good(say=["<b>one</b>", "two", "three"])
        client = bearer(self.admin_port, READ_TOKEN)

        def texts(query=""):
            answer = client.get(f"/v1/apps/backend/logs?{query}")
            self.assertEqual(200, answer.status, answer.text)
            return [line["text"] for line in answer.json["lines"]]

        self.wait(lambda: "three" in texts(), "the last line")
        self.assertEqual(["<b>one</b>", "two"], texts("grep=one|two"))
        self.assertIn("WARN own line of the app", texts("level=warn"))
        self.assertNotIn("two", texts("level=warn"))
        self.assertEqual(1, len(texts("n=1")))
        self.assertEqual([], texts("since=2099-01-01T00:00:00Z"))
        self.assertTrue(client.get("/v1/logs").json["lines"])
        stream = client.events("/v1/apps/backend/logs?follow=1&grep=four|three")
        next(stream)
        self.assertEqual("three", next(stream)["text"])
        get(self.app_port, "/say/four")
        line = next(stream)
        self.assertEqual(("backend", "out", "four"),
                         (line["source"], line["stream"], line["text"]))
        stream.close()
        self.wait(lambda: not self.log_readers(), "the end of whoever read the files")

    @unittest.skipUnless(os.geteuid() == 0, "only root can run an app as another user")
    def test_a_link_in_place_of_an_apps_log_shows_nothing(self):
        secret = self.folder / "secret.log"
        secret.write_text("a line that is root's\n")
        secret.chmod(0o600)
        self.app["user"] = "nobody"
        self.app["build"] = f"echo its own >app.log; ln -s {secret} led.log; mkfifo pipe.log"
        self.app["logs"] = ["app.log", "led.log", "pipe.log"]
        self.first_good()
        client = bearer(self.admin_port, READ_TOKEN)

        def texts():
            by_api = [line["text"] for line in client.get("/v1/apps/backend/logs").json["lines"]]
            by_command = self.cli_ok("logs", "backend", "--json")
            return "\n".join(by_api) + by_command

        self.assertEqual(2, texts().count("its own"))
        self.assertNotIn("root's", texts())
        # Named by its own path it is what the operator wants read.
        self.app["logs"] = [str(secret)]
        self.write_config()
        self.daemon.process.send_signal(signal.SIGHUP)
        self.wait(lambda: texts().count("root's") == 2, "the file that the operator named")

    def test_a_pattern_without_end_holds_nobody_up(self):
        self.first_good(say=["a" * 40])
        client = bearer(self.admin_port)
        self.assertEqual(400, client.get("/v1/logs?grep=(").status)
        stuck = threading.Thread(target=client.get, args=("/v1/logs?grep=(a*)*(a*)*(a*)*b",),
                                 daemon=True)
        stuck.start()
        self.wait(self.log_readers, "the reader")
        self.assertEqual(200, client.get("/v1/apps").status)
        stuck.join(20)
        self.assertFalse(stuck.is_alive())
        self.wait(lambda: not self.log_readers(), "the end of the reader")

    def test_the_output_of_a_build_comes_while_it_is_built(self):
        go = self.folder / "go"
        self.app["build"] = [f"echo begun; while [ ! -e {go} ]; do sleep 0.05; done; echo ended"]
        self.serve_and_look()
        commit = self.repo.commit("v1")
        self.push(commit)
        self.wait_phase(commit, "building")
        client = bearer(self.admin_port, READ_TOKEN)
        path = f"/v1/deployments/{self.history()[0]['id']}/output"
        piece = self.wait(lambda: (lambda p: p if p["text"] else None)(client.get(path).json),
                          "the first output")
        self.assertEqual(("begun\n", 6, 6), (piece["text"], piece["next"], piece["size"]))
        go.touch()
        self.wait(lambda: client.get(f"{path}?from=6").json["text"] == "ended\n", "the rest")
        self.wait_good(commit)

    def test_crashes_are_remembered_by_the_next_daemon(self):
        commit = self.first_good()
        client = bearer(self.admin_port, READ_TOKEN)
        stream = client.events("/v1/events")
        next(stream)
        os.kill(self.status()["pid"], signal.SIGKILL)
        event = next(event for event in stream if event["type"] == "crash")
        stream.close()
        self.assertEqual((commit, "killed by SIGKILL"),
                         (event["crash"]["commit"], event["crash"]["status"]))
        crashes = client.get("/v1/apps/backend/crashes").json["crashes"]
        self.assertEqual([event["crash"]], crashes)
        self.wait_one_process()
        self.daemon.stop()
        self.serve()
        self.assertEqual(crashes, client.get("/v1/crashes").json["crashes"])


class ByHttps(Admin):
    def default_config(self):
        config = super().default_config()
        self.cert, self.key = certificates.make_self_signed(self.folder, "admin")
        config["admin"]["tls"] = {"cert": str(self.cert), "key": str(self.key)}
        return config

    def test_streams_and_sessions_work_encrypted(self):
        self.first_good()
        answer, client = sign_in(self.admin_port, cafile=str(self.cert))
        self.assertIn("Secure", answer.headers["set-cookie"])
        stream = client.events("/v1/events")
        next(stream)
        logs = client.events("/v1/apps/backend/logs?follow=1&grep=hello")
        next(logs)
        commit = self.repo.commit("v2")
        self.push(commit)
        for event in stream:
            if event["type"] == "deployment" and event["deployment"]["outcome"] == "good":
                break
        self.assertEqual(commit, event["deployment"]["commit"])
        get(self.app_port, "/say/hello")
        self.assertEqual("hello", next(logs)["text"])
        stream.close()
        logs.close()
        self.wait(lambda: not self.log_readers(), "the end of whoever read the files")
        self.assertEqual(200, client.get("/v1/apps").status)

    def test_a_key_that_fits_no_certificate_is_a_fault(self):
        other, _ = certificates.make_self_signed(self.folder, "other")
        self.config["admin"]["tls"]["cert"] = str(other)
        self.write_config()
        done = self.cli("check")
        self.assertEqual(2, done.returncode)
        self.assertIn("admin.tls", done.stderr)


class BadConfig(Admin):
    def test_without_a_token_there_is_no_start(self):
        del self.config["admin"]["token_file"]
        self.write_config()
        done = self.cli("serve")
        self.assertEqual(2, done.returncode)
        self.assertIn("admin.token_file: is missing", done.stderr)
        self.assertEqual({}, processes_of(self.folder))
