"""The front door: who is let in, what is recorded, what the sender is told."""

import base64
import http.client
import json
import socket
import unittest
import uuid

import webhooks
from harness import SECRET, Case, get, wait_until


class Answers(Case):
    def setUp(self):
        super().setUp()
        self.commit = self.first_good()

    def hook(self, commit=None, app="backend", secret=SECRET, **options):
        status, body = webhooks.github(
            self.hook_port, app, secret, commit or self.commit, **options
        )
        return status, json.loads(body)

    def test_a_delivery_id_seen_before_is_a_duplicate(self):
        second = self.repo.commit("v2")
        self.push(second, delivery="once")
        for _ in range(2):
            status, answer = self.hook(second, delivery="once")
            self.assertEqual((200, "duplicate"), (status, answer["status"]))
        self.wait_good(second)
        self.assertEqual(1, len(self.deployments_of(second)))
        self.assertEqual(1, len([d for d in self.deliveries() if d["id"] == "once"]))

    def test_what_is_not_for_the_branch_is_ignored_with_a_reason(self):
        before = self.history()
        cases = {
            "other branch": {"ref": "refs/heads/experiment"},
            "tag": {"ref": "refs/tags/main"},
            "a branch with the name inside": {"ref": "refs/heads/x/main"},
            "deleted": {"commit": webhooks.ZEROS},
            "ping": {"event": "ping", "payload": {"zen": "Keep it simple.", "hook_id": 1}},
            "other event": {"event": "issues", "payload": {"action": "opened"}},
        }
        for name, options in cases.items():
            with self.subTest(name):
                status, answer = self.hook(delivery=name, **options)
                self.assertEqual((200, "ignored"), (status, answer["status"]), answer)
                self.assertTrue(answer["reason"])
        rows = {row["id"]: row for row in self.deliveries()}
        for name in cases:
            self.assertEqual("ignored", rows[name]["decision"], rows[name])
            self.assertTrue(rows[name]["reason"])
        self.assertEqual(before, self.history())

    def test_an_odd_ref_name_is_only_a_name(self):
        marker = self.folder / "marker"
        for ref in (f"refs/heads/$(touch {marker})", f"refs/heads/;touch {marker};"):
            status, answer = self.hook(ref=ref)
            self.assertEqual((200, "ignored"), (status, answer["status"]))
        self.assertEqual(400, self.hook(ref="--upload-pack=x")[0])
        self.assertFalse(marker.exists())

    def test_a_wrong_signature_is_refused_like_an_unknown_app(self):
        known = self.hook(secret="wrong")
        unknown = self.hook(app="nobody", secret="wrong")
        right_secret = self.hook(app="nobody")
        missing = self.hook(signature="")
        sha1 = self.hook(signature="sha1=0123456789012345678901234567890123456789")
        self.assertEqual(401, known[0])
        for other in (unknown, right_secret, missing, sha1):
            self.assertEqual(known, other)
        self.assertEqual(1, len(self.deliveries()))

    def test_a_changed_body_is_refused(self):
        body = json.dumps(webhooks.push_payload(self.commit, "refs/heads/main")).encode()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": "changed",
            "X-Hub-Signature-256": webhooks.hub_signature(SECRET, body),
        }
        status, _ = webhooks.send(self.hook_port, "/hooks/backend", body + b" ", headers)
        self.assertEqual(401, status)

    def test_githubs_default_form_encoding_is_read(self):
        second = self.repo.commit("v2")
        self.push(second, form=True)
        self.wait_good(second)

    def test_malformed_requests_get_their_status(self):
        def ask(method, path, body=None, **headers):
            signed = {"X-GitHub-Event": "push", "X-GitHub-Delivery": str(uuid.uuid4())}
            if body is not None:
                signed["X-Hub-Signature-256"] = webhooks.hub_signature(SECRET, body)
            signed.update({name.replace("_", "-"): value for name, value in headers.items()})
            return webhooks.send(self.hook_port, path, body, signed, method)[0]

        json_type = {"Content_Type": "application/json"}
        self.assertEqual(400, ask("POST", "/hooks/backend", b"{nonsense", **json_type))
        self.assertEqual(400, ask("POST", "/hooks/backend", b"[" * 100_000, **json_type))
        self.assertEqual(
            400, ask("POST", "/hooks/backend", b'{"ref":"refs/heads/main","after":"abc"}', **json_type)
        )
        self.assertEqual(405, ask("GET", "/hooks/backend"))
        self.assertEqual(405, ask("PUT", "/hooks/backend", b"{}", **json_type))
        self.assertEqual(404, ask("GET", "/elsewhere"))
        self.assertEqual(415, ask("POST", "/hooks/backend", b"{}", Content_Type="text/plain"))
        self.assertEqual("v1", self.version())

    def test_healthz_is_well_while_deliveries_can_be_recorded(self):
        self.assertEqual(200, get(self.hook_port, "/healthz")[0])

    def test_the_receiver_is_started_again_when_it_is_killed(self):
        pid = self.receiver_pid()
        import os
        import signal

        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.receiver_pid() not in (None, pid), "a new receiver")
        second = self.repo.commit("v2")
        self.push(second)  # waited in the backlog of the socket that the daemon holds
        self.wait_good(second)


class Bounds(Case):
    def setUp(self):
        super().setUp()
        self.config["webhook"]["max_body"] = "64KB"
        self.serve()

    def test_a_large_body_is_refused_by_its_announcement(self):
        with socket.create_connection(("127.0.0.1", self.hook_port), 5) as client:
            client.sendall(
                b"POST /hooks/backend HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: 100000000\r\n\r\n"
            )
            self.assertIn(b" 413 ", client.recv(1000))

    def test_chunked_bodies_are_refused(self):
        with socket.create_connection(("127.0.0.1", self.hook_port), 5) as client:
            client.sendall(
                b"POST /hooks/backend HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            self.assertRegex(client.recv(1000), rb"^HTTP/1.1 4\d\d ")

    def test_many_idle_connections_do_not_shut_the_door(self):
        idle = [socket.create_connection(("127.0.0.1", self.hook_port), 5) for _ in range(300)]
        try:
            for client in idle:
                client.sendall(b"POST /hooks/backend HTTP/1.1\r\nHost:")
            commit = self.repo.commit("v1")
            self.push(commit)
        finally:
            for client in idle:
                client.close()
        self.wait_good(commit)


class Redelivery(Case):
    def test_a_delivery_can_be_handled_again_while_paused_ones_wait(self):
        self.first_good()
        self.cli_ok("pause", "backend")
        second = self.repo.commit("v2")
        status, body = webhooks.github(
            self.hook_port, "backend", SECRET, second, delivery="while-paused"
        )
        self.assertIn(status, (200, 202), body)
        row = next(d for d in self.deliveries() if d["id"] == "while-paused")
        self.assertIn("pause", row["reason"])
        self.assertEqual([], self.deployments_of(second))
        self.cli_ok("resume", "backend")
        self.cli("redeliver", "while-paused")
        self.wait_good(second)

    def test_an_unknown_delivery_is_said_to_be_unknown(self):
        self.serve()
        done = self.cli("redeliver", "no-such-id")
        self.assertIn(done.returncode, (1, 2, 4))
        self.assertIn("no-such-id", done.stderr)


class GitLab(Case):
    def test_the_plain_token_counts_only_where_it_is_configured(self):
        self.app["webhook"] = {"provider": "gitlab-token"}
        self.serve_and_look()
        commit = self.repo.commit("v1")
        status, _ = webhooks.gitlab_token(self.hook_port, "backend", "wrong", commit)
        self.assertEqual(401, status)
        status, body = webhooks.gitlab_token(self.hook_port, "backend", SECRET, commit)
        self.assertEqual(202, status, body)
        self.wait_good(commit)

    def test_the_signing_token(self):
        secret = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
        (self.folder / "secret").write_text(secret + "\n")
        self.app["webhook"] = {"provider": "gitlab"}
        self.serve_and_look()
        commit = self.repo.commit("v1")
        token_only, _ = webhooks.gitlab_token(self.hook_port, "backend", secret, commit)
        self.assertEqual(401, token_only)
        import time

        late, _ = webhooks.gitlab_signed(
            self.hook_port, "backend", secret, commit, at=time.time() - 3600
        )
        self.assertEqual(401, late)
        status, body = webhooks.gitlab_signed(self.hook_port, "backend", secret, commit)
        self.assertEqual(202, status, body)
        self.wait_good(commit)


class OtherForges(Case):
    def test_gitea_forgejo_and_gogs_send_json_or_a_form(self):
        for forge in ("Gitea", "Forgejo", "Gogs"):
            with self.subTest(forge):
                if self.daemon:
                    self.daemon.stop()
                self.app["webhook"] = {"provider": forge.lower()}
                self.serve()
                for form in (False, True):
                    commit = self.repo.commit(f"{forge} {form}")
                    refused = webhooks.gitea(
                        self.hook_port, "backend", "wrong", commit, forge=forge, form=form
                    )
                    self.assertEqual(401, refused[0])
                    status, body = webhooks.gitea(
                        self.hook_port, "backend", SECRET, commit, forge=forge, form=form
                    )
                    self.assertIn(status, (200, 202), body)
                    self.wait_good(commit)

    def test_bitbucket_moves_many_refs_at_once_and_tests_its_hook(self):
        self.app["webhook"] = {"provider": "bitbucket"}
        self.serve_and_look()
        commit = self.repo.commit("v1")
        status, body = webhooks.bitbucket(
            self.hook_port, "backend", SECRET, {"other": "a" * 40, "main": commit, "x": "b" * 40}
        )
        self.assertEqual(202, status, body)
        self.wait_good(commit)
        status, body = webhooks.bitbucket(
            self.hook_port, "backend", SECRET, {}, event="diagnostics:ping"
        )
        self.assertEqual((200, "ping"), (status, json.loads(body)["reason"]))


if __name__ == "__main__":
    unittest.main()
