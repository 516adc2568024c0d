"""Who is told what happens: each target in its form, with retry, once, and with nothing given away."""

import base64
import collections
import hashlib
import hmac
import json
import os
import signal
import threading
import time
import unittest

from certificates import make_ca
from forge_api import ForgeApi, Served, make_certificate
from harness import PYTHON, Case, wait_until

WHSEC = "whsec_" + base64.b64encode(b"a signing key of thirty-two bytes").decode()
ODD = "v1 <!channel> *b* [x](http://evil.example) @everyone &"
Got = collections.namedtuple("Got", "method path headers raw body at")


class Receivers(Served):
    """All addresses that are told, behind one server; what each is to answer is given by path."""

    def __init__(self, context=None):
        super().__init__(self._answer, context)
        self.got = []
        self.answers = collections.defaultdict(list)  # path: [(status, headers)], then 200
        self.hold = {}  # path: Event that it waits for
        self.lock = threading.Lock()

    def _answer(self, request, body):
        headers = {name.lower(): value for name, value in request.headers.items()}
        got = Got(request.command, request.path, headers, body, json.loads(body), time.monotonic())
        with self.lock:
            self.got.append(got)
            status, more = self.answers[request.path].pop(0) if self.answers[request.path] else (200, {})
        if request.path in self.hold:
            self.hold[request.path].wait(60)
        request.reply(status, {"ok": True}, more)

    def at(self, path):
        with self.lock:
            return [got for got in self.got if got.path == path]


class Told(Case):
    tls = False

    def setUp(self):
        super().setUp()
        context = None
        if self.tls:
            make_ca(self.folder)
            context = make_certificate(self.folder, "receiver")
        self.there = self.enterContext(Receivers(context))
        self.addCleanup(self.release_all)

    def release_all(self):
        for event in self.there.hold.values():
            event.set()

    def secret(self, name, text):
        path = self.folder / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        return str(path)

    def hook(self, path, **more):
        """A target that takes anything, by a name of its own."""
        return {"webhook": {"url": self.there.url(path), **more}, "name": path.strip("/")}

    def wait_told(self, path, event, count=1):
        def told():
            found = [got for got in self.there.at(path) if got.body.get("type") == f"lastgood.{event}"]
            return found if len(found) >= count else None

        return self.wait(told, f"{path} to be told {event}")

    def targets(self):
        return {row["target"]: row for row in self.cli_json("notify", "list")["targets"]}


class Forms(Told):
    tls = True

    def test_each_target_is_told_in_its_own_form(self):
        url = self.there.url
        ca = str(self.folder / "ca.crt")
        letter = self.folder / "letter"
        sendmail = self.program("sendmail", f"""
            import os, sys
            open({str(letter)!r} + '.new', 'w').write(' '.join(sys.argv[1:]) + '\\n' + sys.stdin.read())
            os.rename({str(letter)!r} + '.new', {str(letter)!r})""")
        paged = self.folder / "paged"
        page = self.program("page", f"""
            import json, os, sys
            told = [os.environ['LASTGOOD_EVENT'], os.environ['LASTGOOD_TEXT'], json.load(sys.stdin)]
            open({str(paged)!r} + '.new', 'w').write(json.dumps(told))
            os.rename({str(paged)!r} + '.new', {str(paged)!r})""")
        self.config["notify"] = [
            {"slack": {"url_file": self.secret("slack", url("/slack/s3cret")), "ca_file": ca}},
            {"discord": {"url_file": self.secret("discord", url("/discord")), "ca_file": ca}},
            {"teams": {"url_file": self.secret("teams", url("/teams")), "ca_file": ca}},
            {"matrix": {"server": url(), "room": "!r:example.org", "ca_file": ca,
                        "token_file": self.secret("matrix", "m4trix")}},
            {"ntfy": {"url": url("/alerts"), "ca_file": ca, "token_file": self.secret("ntfy", "tk_1")}},
            {"webhook": {"url": url("/any"), "ca_file": ca, "secret_file": self.secret("whsec", WHSEC)}},
            {"email": {"to": ["ops@example.org", "root"], "from": "lastgood@example.org",
                       "sendmail": sendmail}},
            {"command": [page]},
        ]
        commit = self.first_good(ODD)
        self.wait(lambda: letter.exists() and paged.exists(), "the mail and the page")
        self.wait(lambda: all(row["delivered"] == 1 for row in self.targets().values()), "all told")
        title = f"{commit[:7]} is live, and good"

        slack = self.there.at("/slack/s3cret")[0].body
        self.assertIn(title, slack["text"])
        self.assertIs(False, slack["mrkdwn"])
        self.assertEqual([], slack["attachments"][0]["mrkdwn_in"])
        self.assertIn("&lt;!channel&gt;", slack["attachments"][0]["text"])
        self.assertNotIn("<", slack["attachments"][0]["text"])

        discord = self.there.at("/discord")[0].body
        self.assertEqual({"parse": []}, discord["allowed_mentions"])
        self.assertIn(r"\[x\]\(http\://evil.example\)", discord["embeds"][0]["description"])

        card = self.there.at("/teams")[0].body["attachments"][0]["content"]
        self.assertEqual({"RichTextBlock"}, {block["type"] for block in card["body"]})
        self.assertIn(ODD, json.dumps(card))

        room = "/_matrix/client/v3/rooms/%21r%3Aexample.org/send/m.room.message/"
        # The digits of %3A may be small as well.
        matrix = next(got for got in self.there.got if got.path.lower().startswith(room.lower()))
        self.assertEqual(("PUT", "Bearer m4trix"), (matrix.method, matrix.headers["authorization"]))
        self.assertEqual({}, matrix.body["m.mentions"])
        self.assertNotIn("formatted_body", matrix.body)

        ntfy = self.there.at("/")[0]
        self.assertEqual("Bearer tk_1", ntfy.headers["authorization"])
        self.assertEqual("alerts", ntfy.body["topic"])

        any_one = self.there.at("/any")[0]
        self.assertEqual("lastgood.good", any_one.body["type"])
        self.assertEqual((commit, "Version " + ODD), (any_one.body["data"]["commit"],
                                                      any_one.body["data"]["subject"]))
        self.assertTrue(self.signed(any_one))

        head, _, text = letter.read_text().partition("\n\n")
        self.assertTrue(head.startswith("-t -i -f lastgood@example.org\n"), head)
        self.assertIn("To: ops@example.org,\n root", head)
        self.assertIn("Auto-Submitted: auto-generated", head)
        self.assertIn(ODD, text)
        event, words, whole = json.loads(paged.read_text())
        self.assertEqual(("good", "lastgood.good"), (event, whole["type"]))
        self.assertIn(ODD, words)

    def signed(self, got):
        """By the words of the Standard Webhooks specification, with nothing of ours."""
        key = base64.b64decode(WHSEC.removeprefix("whsec_"))
        text = f'{got.headers["webhook-id"]}.{got.headers["webhook-timestamp"]}.'.encode() + got.raw
        mac = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        self.assertLess(abs(time.time() - int(got.headers["webhook-timestamp"])), 60)
        return got.headers["webhook-signature"] == "v1," + mac

    def program(self, name, text):
        lines = [line[12:] for line in text.splitlines()]
        path = self.folder / name
        path.write_text(f"#!{PYTHON}\n" + "\n".join(lines) + "\n")
        path.chmod(0o755)
        return str(path)

    def test_a_server_of_an_unknown_authority_hears_nothing(self):
        self.config["notify"] = [self.hook("/any")]
        self.first_good()
        row = self.wait(lambda: (self.targets()["any"]["next"] or {}).get("tries") and self.targets()["any"],
                        "an attempt")
        self.assertIn("certificate", row["next"]["failure"])
        self.assertEqual([], self.there.got)


class Delivery(Told):
    def test_a_slow_or_failing_target_holds_up_no_other_and_keeps_the_order(self):
        self.there.hold["/hangs"] = threading.Event()
        self.there.answers["/fails"] = [(503, {}), (429, {"Retry-After": "1"})]
        self.config["notify"] = [self.hook("/hangs"), self.hook("/fails"), self.hook("/works")]
        first = self.first_good()
        self.wait_told("/works", "good")
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        self.wait_told("/works", "good", 2)
        row = self.targets()["fails"]
        self.assertEqual(2, row["waiting"])
        self.assertRegex(row["next"]["failure"], "503|429")
        self.assertEqual(1, len(self.there.at("/hangs")), "one after the other")
        got = self.wait(lambda: self.there.at("/fails")[1:2], "the second attempt", 20)[0]
        self.assertEqual(first, got.body["data"]["commit"], "the oldest first")
        self.assertEqual(self.there.at("/fails")[0].headers["webhook-id"], got.headers["webhook-id"])
        self.assertGreater(got.at - self.there.at("/fails")[0].at, 4)

    def test_what_will_never_be_taken_is_given_up_at_once_and_told(self):
        self.there.answers["/gone"] = [(410, {})]
        self.there.answers["/moved"] = [(307, {"Location": self.there.url("/elsewhere")})]
        self.config["notify"] = [self.hook("/gone"), self.hook("/moved")]
        self.first_good()
        self.wait(lambda: all(row["given_up"] for row in self.targets().values()), "both given up")
        self.assertEqual([], self.there.at("/elsewhere"), "a redirect is not followed")
        self.assertIn("410", self.targets()["gone"]["last"]["failure"])
        self.assertIn("gone (good): this is not told any more", self.daemon.log())
        doctor = self.cli("doctor", "backend").stdout
        self.assertRegex(doctor, r"FAIL .*gone: the last message \(good\) was given up")

    def test_what_was_recorded_before_a_kill_is_told_once(self):
        self.there.hold["/any"] = threading.Event()
        self.config["notify"] = [self.hook("/any", secret_file=self.secret("whsec", WHSEC))]
        commit = self.first_good()
        held = self.wait_told("/any", "good")[0]
        self.see_no_secret()
        self.daemon.kill()
        stored = b"".join(path.read_bytes() for path in self.state.glob("lastgood.db*"))
        self.assertIn(commit.encode(), stored)
        self.assertNotIn(WHSEC.encode(), stored)
        self.there.hold.pop("/any").set()
        self.serve()
        again = self.wait_told("/any", "good", 2)[1]
        self.assertEqual(commit, again.body["data"]["commit"])
        self.assertEqual(held.headers["webhook-id"], again.headers["webhook-id"],
                         "receivers know by the id what they have")
        self.wait(lambda: self.targets()["any"]["delivered"] == 1, "the delivery to be counted")
        self.assertEqual(0, self.targets()["any"]["waiting"])

    def see_no_secret(self):
        notifiers = [int(pid) for pid in os.listdir("/proc")
                     if pid.isdigit() and self.is_notifier(pid)]
        self.assertEqual(1, len(notifiers))
        for pid in notifiers:
            for file in ("cmdline", "environ"):
                with open(f"/proc/{pid}/{file}", "rb") as opened:
                    shown = opened.read()
                self.assertNotIn(WHSEC.encode(), shown)
                self.assertNotIn(str(self.there.port).encode(), shown)

    def is_notifier(self, pid):
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                return parent == self.daemon.pid and file.read().endswith(b"\0notifier\0")
        except OSError:
            return False

    def test_a_crash_loop_is_told_once_and_its_end(self):
        self.app["crash_loop"] = {"crashes": 3, "within": "6s"}
        self.app["notify"] = [self.hook("/any")]
        self.first_good()
        self.wait_one_process()
        for _ in range(4):
            pid = self.status()["pid"]
            os.kill(pid, signal.SIGKILL)
            self.wait(lambda: self.status()["pid"] not in (0, pid), "a fresh process")
        self.wait_told("/any", "crashed")
        self.wait_told("/any", "recovered")
        kinds = [got.body["type"] for got in self.there.at("/any")]
        self.assertEqual(1, kinds.count("lastgood.crashed"), kinds)

    def test_failures_tell_whose_fault_and_what_to_do(self):
        self.config["notify"] = [{**self.hook("/all"), "events": "all"}]
        first = self.first_good()
        bad = self.repo.commit("v2", start="exit")
        self.app["notify"] = [self.hook("/own")]
        self.write_config()
        self.daemon.process.send_signal(signal.SIGHUP)
        self.wait(lambda: "read again" in self.daemon.log(), "the reload")
        self.push(bad)
        self.wait_outcome(bad, "failed")
        told = self.wait_told("/own", "failed")[0].body["data"]
        self.assertEqual((bad, "Version v2"), (told["commit"], told["subject"]))
        self.assertIn("lastgood history backend", told["text"])
        self.assertEqual(["lastgood.started", "lastgood.good"],
                         [got.body["type"] for got in self.there.at("/all")])
        self.assertEqual(first, self.status()["commit"])


class Commands(Told):
    def test_a_test_message_says_of_each_target_whether_it_arrived(self):
        self.there.answers["/refuses"] = [(403, {})]
        self.config["notify"] = [self.hook("/works"), self.hook("/refuses")]
        self.write_config()
        done = self.cli("notify", "test")
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertRegex(done.stdout, r"OK +backend +works\n")
        self.assertRegex(done.stdout, r"FAIL +backend +refuses: it answered 403")
        self.assertEqual(["lastgood.test"], [got.body["type"] for got in self.there.at("/works")])
        done = self.cli("notify", "test", "backend", "--json")
        self.assertEqual([True, True], [row["told"] for row in json.loads(done.stdout)["tested"]])
        self.assertEqual(0, done.returncode)

    def test_nobody_to_tell_is_said(self):
        self.serve()
        self.assertIn("nobody is told", self.cli_ok("notify", "list"))
        self.assertEqual(2, self.cli("notify", "test").returncode)
        self.assertEqual(2, self.cli("notify", "list", "nobody").returncode)


class AtTheForge(Case):
    """A commit's last word there is `failure` when it is rolled back, however long it was good."""

    def walk(self, dialect, provider, **more):
        forge = self.enterContext(ForgeApi(dialect, repos=self.folder))
        self.app["repo"] = forge.repo_url("backend")
        self.app["webhook"] = {"provider": provider}
        token = self.folder / "token"
        token.write_text("t0ken\n")
        token.chmod(0o600)
        self.app["status"] = {"token_file": str(token), **more}
        first = self.repo.commit("v1")
        self.serve()
        self.wait_good(first)
        second = self.repo.commit("v2")
        self.cli_ok("deploy", "backend")
        self.wait_good(second)
        wait_until(lambda: len(forge.states_of(second)) == 2, "the second commit's success")
        done = self.cli_ok("notify", "test")
        self.assertRegex(done, r"OK +backend +forge-status")
        self.cli_ok("rollback", "backend")
        wait_until(lambda: len(forge.states_of(second)) == 3, "the second commit's failure")
        wait_until(lambda: len(forge.states_of(first)) == 3, "the first commit's second success")
        return forge, first, second

    def waits(self):
        return sum(row["waiting"] for row in self.cli_json("notify", "list")["targets"])

    def test_github_is_told_and_a_later_rollback_is_a_failure(self):
        forge, first, second = self.walk("github", "github")
        self.assertEqual(["pending", "success", "failure"], forge.states_of(second))
        self.assertEqual(["pending", "success", "success"], forge.states_of(first))
        texts = [text for sha, _, _, text in forge.statuses if sha == second]
        self.assertRegex(texts[-1], r"^Rolled back: rolled back by ")
        self.assertEqual({"lastgood/backend"}, {name for _, name, _, _ in forge.statuses})
        wait_until(lambda: self.waits() == 0, "the rest to be told")
        self.assertEqual(["in_progress", "success", "failure"], forge.record_states_of(second))
        self.assertEqual(["in_progress", "success", "inactive", "success"],
                         forge.record_states_of(first))

    def test_gitlab_is_told_and_a_later_rollback_is_a_failure(self):
        forge, first, second = self.walk("gitlab", "gitlab-token")
        self.assertEqual(["running", "success", "failed"], forge.states_of(second))
        wait_until(lambda: self.waits() == 0, "the rest to be told")
        self.assertEqual(["running", "success", "failed"], forge.record_states_of(second))
        self.assertEqual(["running", "success"], forge.record_states_of(first))

    def test_gitea_is_told_and_a_later_rollback_is_a_failure(self):
        forge, _, second = self.walk("gitea", "gitea", context="deployed")
        self.assertEqual(["pending", "success", "failure"], forge.states_of(second))
        self.assertEqual({"deployed"}, {name for _, name, _, _ in forge.statuses})

    def test_a_token_that_is_refused_is_told_with_what_it_needs(self):
        forge = self.enterContext(ForgeApi("github", token="another", repos=self.folder))
        self.app["repo"] = forge.repo_url("backend")
        self.app["status"] = {"token_file": str(self.folder / "secret")}
        (self.folder / "secret").write_text("a-token-of-enough-letters\n")
        self.repo.commit("v1")
        self.serve()
        self.wait(lambda: "Commit statuses and Deployments" in self.daemon.log(), "the log to tell")
        self.assertIn("Bad credentials", self.daemon.log())


if __name__ == "__main__":
    unittest.main()
