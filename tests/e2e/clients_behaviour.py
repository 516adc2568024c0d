"""Who really sends: the forges' own libraries, everything they were recorded to send, and a relay
that changes what it passes on."""

import base64
import hashlib
import hmac
import http.server
import json
import queue
import subprocess
import threading
import time
import unittest
import urllib.parse
import uuid

import clients
import webhooks
from harness import APP_COMMAND, ENVIRONMENT, ROOT, SECRET, Case, wait_until

PAYLOADS = ROOT / "tests" / "data" / "payloads"
TOKEN = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
OTHER_TOKEN = "whsec_" + base64.b64encode(b"another-key-another-key-another-").decode()
BRANCH = "master"  # of what was recorded


class Senders(Case):
    """One app for each provider. The repository is empty: what is named is recorded, and not
    found."""

    PROVIDERS = ("github", "gitlab", "gitlab-token", "gitea", "forgejo", "gogs", "bitbucket",
                 "standard")

    def setUp(self):
        super().setUp()
        (self.folder / "token").write_text(TOKEN + "\n")
        (self.folder / "token").chmod(0o600)
        self.deploying = set()  # (app, commit) of what was accepted
        self.config["apps"] = {name: self.app_of(name) for name in self.PROVIDERS}
        self.serve()

    def app_of(self, provider):
        app = {"repo": str(self.repo.path), "branch": BRANCH, "run": APP_COMMAND, "poll": "1h",
               "webhook": {"provider": provider}}
        if provider in ("gitlab", "standard"):
            app["webhook"]["secret_file"] = str(self.folder / "token")
        return app

    def url(self, app):
        return f"http://127.0.0.1:{self.hook_port}/hooks/{app}"

    def recorded(self):
        """{id: delivery}, each once."""
        rows = self.api("/v1/deliveries?n=1000")["deliveries"]
        by_id = {row["id"]: row for row in rows}
        self.assertEqual(len(rows), len(by_id), "a delivery is there twice")
        return by_id

    def check_answer(self, commit, status, answer, row):
        """That it was taken, and recorded, as what it is: of a commit of the branch (else None) the
        first push deploys, and another may find it under way."""
        if commit:
            self.assertEqual(commit, row["commit"])
        if status == 202:
            self.assertEqual(("accepted", "deploy"), (answer["status"], row["decision"]), answer)
            self.assertTrue(commit, f"{answer} deploys")
            self.deploying.add((row["app"], commit))
            return
        self.assertEqual((200, "ignored", "ignored"),
                         (status, answer["status"], row["decision"]), answer)
        self.assertEqual(answer["reason"], row["reason"])
        if commit:
            self.assertIn("already", answer["reason"])
            self.assertIn((row["app"], commit), self.deploying)
        else:
            self.assertTrue(answer["reason"])


class Libraries(Senders):
    PROVIDERS = ("github", "gitlab", "standard")

    @classmethod
    def setUpClass(cls):
        clients.install()

    def test_every_example_event_of_githubs_signed_by_its_library(self):
        answers = clients.run_client("octokit.mjs", self.url("github"), SECRET)
        self.assertGreaterEqual(len(answers), 600)
        rows = self.recorded()
        for got in sorted(answers, key=lambda got: -got["status"]):
            with self.subTest(event=got["event"], type=got["type"], id=got["id"]):
                to_branch = got["event"] == "push" and got.get("ref") == f"refs/heads/{BRANCH}"
                commit = got["after"] if to_branch and not got["deleted"] else None
                self.assertEqual(got["event"], rows[got["id"]]["event"])
                self.check_answer(commit, got["status"], got["answer"], rows[got["id"]])
        self.assertTrue(self.deploying)
        events = len({got["event"] for got in answers})
        print(f"@note {len(answers)} deliveries of {events} events")

    def test_pushes_signed_by_the_library_of_standard_webhooks(self):
        commit = "a" * 40
        push = json.dumps({"type": "push", "data": {"ref": f"refs/heads/{BRANCH}", "after": commit,
                                                    "pusher": "Zoë ✓"}}, ensure_ascii=False)
        right = {"url": self.url("standard"), "secret": TOKEN, "id": "msg_1", "body": push}
        jobs = [
            right,
            right,
            {**right, "age_s": 290, "id": "msg_2", "body": push.replace(commit, "b" * 40)},
            {**right, "age_s": 310, "id": "msg_3"},
            {**right, "age_s": -310, "id": "msg_4"},
            {**right, "secret": OTHER_TOKEN, "id": "msg_5"},
            {**right, "body": json.dumps({"type": "contact.created", "data": {}}), "id": "msg_6"},
        ]
        answers = clients.run_client("standard.mjs", jobs=jobs)
        self.assertEqual([202, 200, 202, 401, 401, 401, 200], [a["status"] for a in answers])
        self.assertEqual("accepted", answers[0]["answer"]["status"])
        self.assertEqual("duplicate", answers[1]["answer"]["status"])
        self.assertEqual("ignored", answers[6]["answer"]["status"])
        rows = self.recorded()
        self.assertEqual({"msg_1", "msg_2", "msg_6"}, set(rows))
        self.assertEqual(commit, rows["msg_1"]["commit"])

    def test_gitlabs_signing_token_by_the_library_of_standard_webhooks(self):
        push = (PAYLOADS / "gitlab-push.go-scm.json").read_text("utf-8")
        right = {"url": self.url("gitlab"), "secret": TOKEN, "id": "gl_1", "body": push,
                 "headers": {"X-Gitlab-Event": "Push Hook"}}
        jobs = [
            right,
            right,
            {**right, "secret": OTHER_TOKEN, "id": "gl_2"},
            {**right, "age_s": 310, "id": "gl_3"},
            {**right, "headers": {"X-Gitlab-Event": "Issue Hook"}, "id": "gl_4"},
        ]
        answers = clients.run_client("standard.mjs", jobs=jobs)
        self.assertEqual([202, 200, 401, 401, 200], [a["status"] for a in answers])
        self.assertEqual("duplicate", answers[1]["answer"]["status"])
        self.assertEqual({"gl_1", "gl_4"}, set(self.recorded()))

    def test_a_relay_that_writes_the_body_anew_is_refused(self):
        payload = webhooks.push_payload("b" * 40, f"refs/heads/{BRANCH}")
        spaced = json.dumps(payload).encode()
        compact = json.dumps(payload, separators=(",", ":")).encode()
        with Channel() as channel, Relay(channel.url, self.url("github")) as relay:
            channel.wait_connected()
            for body, identity in ((spaced, "rewritten"), (compact, "as-it-was")):
                channel.post(body, {
                    "x-github-event": "push",
                    "x-github-delivery": identity,
                    "x-hub-signature-256": webhooks.hub_signature(SECRET, body),
                })
            # The same bytes, by chance, are the same request.
            self.assertEqual([401, 202], sorted(relay.wait_statuses(2), reverse=True))
        self.assertEqual({"as-it-was"}, set(self.recorded()))


class Channel:
    """Where a relay listens: a stream of events, each a request that somebody posted there."""

    def __enter__(self):
        self.events = queue.Queue()
        self.connected = threading.Event()
        channel = self

        class Stream(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                self.wfile.write(b"event: ready\ndata: {}\n\n")
                channel.connected.set()
                while (event := channel.events.get()) is not None:
                    self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stream)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/channel"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.events.put(None)
        self.server.shutdown()
        self.server.server_close()

    def wait_connected(self):
        assert self.connected.wait(20), "the relay did not come"

    def post(self, body, headers):
        """As the relay's server does: the body is read, and sent on as a value."""
        self.events.put({**headers, "body": json.loads(body), "query": {}})


class Relay:
    def __init__(self, source, target):
        self.argv = clients.command("smee.mjs", source, target)
        self.lines = []

    def __enter__(self):
        self.process = subprocess.Popen(
            self.argv, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout))
        self.reader.start()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def statuses(self):
        return [int(line.split()[-1]) for line in self.lines if line.startswith("POST ")]

    def wait_statuses(self, count):
        wait_until(lambda: len(self.statuses()) >= count, f"{count} relayed requests: {self.lines}")
        return self.statuses()


def moves(forge, payload):
    """{ref: commit or None} of a recorded push, read in the plainest way."""
    if forge == "bitbucket":
        found = {}
        for change in payload["push"]["changes"]:
            side = change["new"] or change["old"]
            kind = "heads" if side["type"] in ("branch", "named_branch") else "tags"
            commit = change["new"]["target"]["hash"] if change["new"] else None
            found[f"refs/{kind}/{side['name']}"] = commit
        return found
    if forge == "bitbucketserver":
        return {c["ref"]["id"]: None if c["type"] == "DELETE" else c["toHash"]
                for c in payload["changes"]}
    if not str(payload.get("ref", "")).startswith("refs/"):
        return {}
    commit = payload["after"]
    return {payload["ref"]: None if commit == webhooks.ZEROS else commit}


class Recorded(Senders):
    """Each file of tests/data/payloads, signed by its forge's rule."""

    def requests_of(self, forge, name, body):
        """[(app, headers, body)]: once for each way in which the forge may send it."""
        identity = str(uuid.uuid4())
        if forge == "github":
            event = next(e for e in ("ping", "delete-event", "push") if name.startswith(f"github-{e}"))
            event = event.removesuffix("-event")
            yield from self.github(event, identity, body)
        elif forge == "gitlab":
            event = "System Hook" if "system" in name else "Push Hook"
            event = "Tag Push Hook" if "-tag" in name else event
            yield "gitlab", {"X-Gitlab-Event": event, **standard(TOKEN, identity, body)}, body
            yield "gitlab-token", {"X-Gitlab-Event": event, "X-Gitlab-Token": SECRET,
                                   "X-Gitlab-Event-UUID": f"t-{identity}"}, body
        elif forge in ("gitea", "gogs"):
            for sender in ("Gitea", "Forgejo") if forge == "gitea" else ("Gogs",):
                yield from self.gitea(sender, identity, body)
        else:
            cloud = forge == "bitbucket"
            yield "bitbucket", {
                "X-Event-Key": "repo:push" if cloud else "repo:refs_changed",
                "X-Request-UUID" if cloud else "X-Request-Id": identity,
                "X-Hub-Signature": webhooks.hub_signature(SECRET, body)}, body

    def github(self, event, identity, body):
        for prefix, sent, kind in as_json_and_form(body):
            yield "github", {"Content-Type": kind, "X-GitHub-Event": event,
                             "X-GitHub-Delivery": prefix + identity,
                             "X-Hub-Signature-256": webhooks.hub_signature(SECRET, sent)}, sent

    def gitea(self, sender, identity, body):
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        for prefix, sent, kind in as_json_and_form(body):
            yield sender.lower(), {"Content-Type": kind, f"X-{sender}-Event": "push",
                                   f"X-{sender}-Delivery": f"{prefix}{sender}-{identity}",
                                   f"X-{sender}-Signature": signature}, sent

    def test_every_recorded_payload_is_answered_for_what_it_says(self):
        files = sorted(p for p in PAYLOADS.glob("*.json") if p.name != "VECTORS.json")
        self.assertGreaterEqual(len(files), 42)
        answers = []
        for path in files:
            forge = path.name.partition("-")[0]
            moved = moves(forge, json.loads(path.read_bytes())) if "ping" not in path.name else {}
            commit = moved.get(f"refs/heads/{BRANCH}")
            for app, headers, body in self.requests_of(forge, path.name, path.read_bytes()):
                headers.setdefault("Content-Type", "application/json")
                status, text = webhooks.send(self.hook_port, f"/hooks/{app}", body, headers)
                answers.append((f"{path.name} to {app}", commit, status, json.loads(text)))
        rows = self.recorded()
        for what, commit, status, answer in answers:
            with self.subTest(what):
                self.check_answer(commit, status, answer, rows[answer["delivery"]])
        self.assertEqual(len(answers), len(rows))
        print(f"@note {len(files)} payloads sent in {len(answers)} ways")


def as_json_and_form(body):
    yield "json-", body, "application/json"
    form = urllib.parse.urlencode({"payload": body}).encode()
    yield "form-", form, "application/x-www-form-urlencoded"


def standard(token, identity, body):
    moment = str(int(time.time()))
    key = base64.b64decode(token.removeprefix("whsec_"))
    digest = hmac.new(key, f"{identity}.{moment}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": identity, "webhook-timestamp": moment,
            "webhook-signature": "v1," + base64.b64encode(digest).decode()}


if __name__ == "__main__":
    unittest.main()
