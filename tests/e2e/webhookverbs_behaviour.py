"""webhook register, test, list, remove and deliveries sync, against forges in the test."""

import json
import os
import unittest

from certificates import make_ca
from forge_api import ForgeApi, Served, Tunnel, front_door, make_certificate
from harness import Case, SECRET, free_port

SIGNING = "whsec_bGFzdGdvb2QgdGVzdGVkIGVuZCB0byBlbmQgaGVyZSE="
TOKEN = "t0ken-of-the-test"


class ForgeCase(Case):
    dialect = "github"
    provider = "github"
    secret = SECRET

    def setUp(self):
        super().setUp()
        self.forge = ForgeApi(self.dialect, TOKEN, self.folder)
        self.forge.__enter__()
        self.addCleanup(self.forge.__exit__)
        self.app["repo"] = self.forge.repo_url("backend")
        self.app["webhook"] = {"provider": self.provider,
                               "secret_file": str(self.folder / "secret")}
        (self.folder / "secret").write_text(self.secret + "\n")
        self.config["webhook"]["public_url"] = f"http://127.0.0.1:{self.hook_port}/"
        self.url = f"http://127.0.0.1:{self.hook_port}/hooks/backend"
        (self.folder / "token").write_text(TOKEN + "\n")
        self.token = ["--token-file", self.folder / "token"]
        self.write_config()

    def verb(self, *words, code=0, **options):
        done = self.cli(*words, **options)
        said = done.stdout + done.stderr
        self.assertEqual(code, done.returncode, (words, said))
        self.assertNotIn(TOKEN, said)
        self.assertNotIn(self.secret, said)
        return said

    def told(self, *words, **options):
        done = self.cli(*words, "--json", **options)
        return done.returncode, json.loads(done.stdout)


class RealChain(ForgeCase):
    def test_from_register_to_a_deployment(self):
        self.serve_and_look()
        code, made = self.told("webhook", "register", "backend", *self.token)
        self.assertEqual((0, "created", self.url), (code, made["action"], made["url"]))
        self.assertEqual(self.forge.url("/acme/backend"), made["repository"])
        (hook,) = self.forge.hooks.values()
        self.assertEqual((self.url, SECRET, ["push"], True),
                         (hook["url"], hook["secret"], hook["events"], hook["active"]))
        self.assertEqual(str(hook["id"]), made["id"])
        self.assertEqual([("ping", 200)],
                         [(a["event"], a["status_code"]) for a in self.forge.attempts])

        said = self.verb("webhook", "test", "backend")
        self.assertIn("OK", said)
        self.assertIn(" 200 in ", said)

        commit = self.repo.commit("v1")
        ((status, text),) = self.forge.push(commit)
        self.assertIn(status, (200, 202), text)
        self.wait_good(commit)
        self.assertEqual("v1", self.version())

        listed = self.verb("webhook", "list", "backend", *self.token)
        self.assertRegex(listed, rf"{hook['id']}\s+yes\s+{self.url}\s+push\s+yes\s+20[02] OK")

    def test_register_is_idempotent_and_remove_too(self):
        for action in ("created", "updated", "updated"):
            said = self.verb("webhook", "register", "backend", *self.token)
            self.assertIn(f"{action} hook ", said)
        self.assertEqual(1, len(self.forge.hooks))
        (ours,) = self.forge.hooks.values()
        other = dict(ours, id=7, url="https://elsewhere.example.org/hooks/backend")
        self.forge.hooks[7] = other
        self.assertIn("removed hook", self.verb("webhook", "remove", "backend", *self.token))
        self.assertEqual([7], list(self.forge.hooks))
        self.assertIn("has no hook", self.verb("webhook", "remove", "backend", *self.token))
        code, told = self.told("webhook", "remove", "backend", *self.token)
        self.assertEqual((0, []), (code, told["removed"]))

    def test_a_changed_secret_reaches_the_forge(self):
        self.verb("webhook", "register", "backend", *self.token)
        (self.folder / "secret").write_text("another secret, long enough\n")
        self.verb("webhook", "register", "backend", *self.token)
        (hook,) = self.forge.hooks.values()
        self.assertEqual("another secret, long enough", hook["secret"])


class Sync(ForgeCase):
    def test_what_never_arrived_is_sent_again(self):
        self.serve_and_look()
        self.verb("webhook", "register", "backend", *self.token)
        first = self.repo.commit("v1")
        self.forge.push(first)
        self.wait_good(first)
        self.daemon.stop()
        commit = self.repo.commit("v2")
        self.assertEqual(0, self.forge.push(commit)[0][0])
        lost = self.forge.attempts[-1]["guid"]
        self.serve()

        code, told = self.told("deliveries", "sync", "backend", "--dry-run", *self.token)
        (row,) = told["deliveries"]
        self.assertEqual((0, lost, "push", 0, "would be asked for"),
                         (code, row["id"], row["event"], row["status_code"], row["outcome"]))
        self.assertEqual(0, self.forge.attempts[-1]["status_code"])

        said = self.verb("deliveries", "sync", "backend", *self.token)
        self.assertRegex(said, rf"{lost}\s+push\s+.*failed to connect to host\s+asked for")
        self.assertIn(lost, [row["id"] for row in self.deliveries()])
        self.assertTrue(self.forge.attempts[-1]["redelivery"])
        self.wait_good(commit)
        self.assertIn("nothing is missing",
                      self.verb("deliveries", "sync", "backend", *self.token))

    def test_a_long_log_is_read_page_by_page(self):
        self.verb("webhook", "register", "backend", *self.token)
        (hook,) = self.forge.hooks
        now = self.forge.attempts[-1]
        self.forge.attempts.clear()
        for number in range(250):  # nobody listens: the oldest page has the one that counts
            self.forge.attempts.append({**now, "hook": hook, "id": 10**15 + number,
                                        "guid": f"guid-{number}", "event": "push",
                                        "status_code": 502 if number == 3 else 202})
        _, told = self.told("deliveries", "sync", "backend", "--dry-run", *self.token)
        self.assertEqual(["guid-3"], [row["id"] for row in told["deliveries"]])
        pages = [path for _, path, _ in self.forge.requests if "/deliveries" in path]
        self.assertEqual(3, len(pages), pages)

    def test_says_when_there_is_no_hook(self):
        said = self.verb("deliveries", "sync", "backend", *self.token, code=1)
        self.assertIn("lastgood webhook register backend", said)


class GitlabToken(ForgeCase):
    dialect = "gitlab"
    provider = "gitlab-token"

    def test_registers_lists_delivers_and_removes(self):
        self.serve_and_look()
        self.assertIn("created", self.verb("webhook", "register", "backend", *self.token))
        self.assertIn("updated", self.verb("webhook", "register", "backend", *self.token))
        (hook,) = self.forge.hooks.values()
        self.assertTrue(hook["flags"]["push_events"] and hook["flags"]["enable_ssl_verification"])
        self.assertIn("OK", self.verb("webhook", "test", "backend"))
        commit = self.repo.commit("v1")
        self.assertIn(self.forge.push(commit)[0][0], (200, 202))
        self.wait_good(commit)
        _, told = self.told("webhook", "list", "backend", *self.token)
        (row,) = told["hooks"]
        self.assertEqual((True, True), (row["ours"], row["active"]))
        self.assertEqual({"push", "tag_push"}, set(row["events"]))
        self.verb("webhook", "remove", "backend", *self.token)
        self.assertEqual({}, self.forge.hooks)

    def test_sync_is_for_github_only(self):
        said = self.verb("deliveries", "sync", "backend", *self.token, code=2)
        self.assertIn("only GitHub", said)


class GitlabSigning(GitlabToken):
    provider = "gitlab"
    secret = SIGNING

    def test_an_older_gitlab_is_told(self):
        self.forge.signs = False
        said = self.verb("webhook", "register", "backend", *self.token, code=1)
        self.assertIn("gitlab-token", said)


class Gitea(ForgeCase):
    dialect = "gitea"
    provider = "gitea"

    def test_registers_lists_delivers_and_removes(self):
        self.serve_and_look()
        self.assertIn("created", self.verb("webhook", "register", "backend", *self.token))
        self.assertIn("updated", self.verb("webhook", "register", "backend", *self.token))
        self.assertIn("OK", self.verb("webhook", "test", "backend"))
        commit = self.repo.commit("v1")
        status, text = self.forge.push(commit)[0]
        self.assertIn(status, (200, 202), text)
        self.wait_good(commit)
        self.assertIn(self.url, self.verb("webhook", "list", "backend", *self.token))
        self.verb("webhook", "remove", "backend", *self.token)
        self.assertEqual({}, self.forge.hooks)


class Forgejo(Gitea):
    dialect = "forgejo"
    provider = "forgejo"


class GithubPages(ForgeCase):
    def test_pages_are_read_to_the_end(self):
        self.verb("webhook", "register", "backend", *self.token)
        (ours,) = self.forge.hooks.values()
        del self.forge.hooks[ours["id"]]
        for number in range(1001, 1121):
            self.forge.hooks[number] = {**ours, "id": number, "url": f"https://x.org/{number}"}
        self.forge.hooks[ours["id"]] = ours
        _, told = self.told("webhook", "list", "backend", *self.token)
        self.assertEqual(121, len(told["hooks"]))
        self.assertEqual([str(ours["id"])], [h["id"] for h in told["hooks"] if h["ours"]])
        self.assertIn("updated", self.verb("webhook", "register", "backend", *self.token))


class GiteaPages(GithubPages):
    dialect = "gitea"
    provider = "gitea"


class GitlabPages(GithubPages):
    dialect = "gitlab"
    provider = "gitlab-token"


class Refusals(ForgeCase):
    def refused(self, *words, code=1, **options):
        return self.verb("webhook", *words, code=code, **options)

    def test_a_wrong_token(self):
        (self.folder / "token").write_text("wrong\n")
        said = self.refused("register", "backend", *self.token)
        self.assertIn("401: Bad credentials", said)
        self.assertIn("Webhooks: read and write", said)
        self.assertEqual({}, self.forge.hooks)

    def test_no_such_repository_or_no_right(self):
        self.app["repo"] = self.forge.repo_url("other")
        self.write_config()
        said = self.refused("list", "backend", *self.token)
        self.assertIn("acme/other", said)
        self.assertIn("404", said)

    def test_asked_too_often(self):
        self.forge.fail_next = (403, {"message": "API rate limit exceeded"},
                                {"X-RateLimit-Remaining": "0"})
        self.assertIn("too often", self.refused("list", "backend", *self.token))
        self.forge.fail_next = (403, {"message": "Resource not accessible"}, {})
        said = self.refused("list", "backend", *self.token)
        self.assertIn("may not manage", said)

    def test_a_hook_that_is_there_but_not_listed(self):
        self.verb("webhook", "register", "backend", *self.token)
        self.forge.fail_next = (200, [], {})
        said = self.refused("register", "backend", *self.token)
        self.assertIn("already exists", said)
        self.assertIn("webhook list backend", said)

    def test_an_answer_that_is_no_api(self):
        self.forge.fail_next = (200, b"<html>Welcome</html>", {})
        self.assertIn("--api", self.refused("list", "backend", *self.token))
        self.forge.fail_next = (301, {}, {"Location": "https://elsewhere.example.org/api"})
        self.assertIn("elsewhere.example.org", self.refused("list", "backend", *self.token))

    def test_usage(self):
        self.assertIn("--token-file", self.refused("list", "backend", code=2))
        self.assertIn("no app", self.refused("list", "nope", code=2))
        self.assertIn("--url", self.refused("register", "backend", "--url", "nope", code=2))
        self.refused("list", "backend", "--token-file", self.folder / "none", code=2)
        self.refused(code=2)
        del self.config["webhook"]["public_url"]
        self.write_config()
        said = self.refused("register", "backend", *self.token, code=2)
        self.assertIn("public_url", said)
        self.app["repo"] = str(self.repo.path)
        self.write_config()
        self.assertIn("on no forge",
                      self.refused("list", "backend", *self.token, "--url", self.url, code=2))

    def test_the_token_may_come_by_the_environment(self):
        env = {"LASTGOOD_FORGE_TOKEN": TOKEN}
        self.assertIn("created", self.verb("webhook", "register", "backend", env=env))


class Secrets(ForgeCase):
    def test_a_missing_one_is_made(self):
        path = self.folder / "secrets" / "backend"
        self.app["webhook"]["secret_file"] = str(path)
        self.write_config()
        self.assertIn("webhook register", self.verb("webhook", "test", "backend", code=2))
        said = self.verb("webhook", "register", "backend", *self.token)
        self.assertIn(f"made the secret: the file {path}", said)
        self.assertIn("SIGHUP", said)
        secret = path.read_text()
        self.assertRegex(secret, r"^[0-9a-f]{64}\n$")
        self.assertNotIn(secret.strip(), said)
        self.assertEqual(0o600, path.stat().st_mode & 0o777)
        self.assertEqual([path.name], os.listdir(path.parent))
        (hook,) = self.forge.hooks.values()
        self.assertEqual(secret.strip(), hook["secret"])
        self.verb("webhook", "register", "backend", *self.token)
        self.assertEqual(secret, path.read_text())
        self.assertEqual(0, self.cli("check").returncode)

    def test_it_belongs_to_who_owns_the_state(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        self.state.mkdir()
        os.chown(self.state, 65534, 65534)
        path = self.folder / "new"
        self.app["webhook"]["secret_file"] = str(path)
        self.write_config()
        self.verb("webhook", "register", "backend")
        self.assertEqual((65534, 0o600), (path.stat().st_uid, path.stat().st_mode & 0o777))

    def test_gitlab_gets_a_signing_token(self):
        path = self.folder / "new"
        self.app["webhook"] = {"provider": "gitlab", "secret_file": str(path)}
        self.write_config()
        self.verb("webhook", "register", "backend")
        self.assertRegex(path.read_text(), r"^whsec_[A-Za-z0-9+/]{43}=\n$")
        self.assertEqual(0, self.cli("check").returncode)

    def test_steps_for_every_forge(self):
        for provider, words in {
            "github": "Just the push event", "gitlab": "Signing token", "gitea": "Target URL",
            "gitlab-token": "Secret token", "forgejo": "Forgejo", "gogs": "Gogs",
            "bitbucket": "Repository, Push", "standard": "webhook-signature",
        }.items():
            with self.subTest(provider):
                (self.folder / "secret").write_text(
                    (SIGNING if provider in ("gitlab", "standard") else SECRET) + "\n")
                self.app["webhook"]["provider"] = provider
                self.write_config()
                said = self.verb("webhook", "register", "backend")
                self.assertNotIn(SIGNING, said)
                for wanted in (words, self.url, f"the file {self.folder / 'secret'}"):
                    self.assertIn(wanted, said)
        code, told = self.told("webhook", "register", "backend")
        self.assertEqual((0, "none", self.url), (code, told["action"], told["url"]))
        self.assertGreater(len(told["steps"]), 2)


class FrontDoor(ForgeCase):
    def through(self, url, code=1, more=()):
        done = self.cli("webhook", "test", "backend", "--url", url, *more)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        self.assertEqual("", done.stderr)
        return done.stdout

    def test_nobody_listens(self):
        self.assertIn("Connection refused", self.through(self.url))

    def test_another_secret_than_the_daemons(self):
        self.serve()
        (self.folder / "secret").write_text("another secret, long enough\n")
        said = self.through(self.url)
        self.assertIn("401", said)
        self.assertIn(f"the file {self.folder / 'secret'}", said)

    def test_other_programs(self):
        with Served(lambda request, _: request.reply(404, b"not here")) as other:
            self.assertIn("another program", self.through(other.url("/hooks/backend")))
        with Served(lambda request, _: request.reply(200, b"<html>")) as other:
            self.assertIn("another program", self.through(other.url("/hooks/backend")))
        with Served(lambda request, _: request.reply(503, {"error": "away"})) as other:
            self.assertIn("can't record", self.through(other.url()))
        away = {"Location": "https://elsewhere.example.org/"}
        with Served(lambda request, _: request.reply(302, b"", away)) as other:
            self.assertIn("elsewhere.example.org", self.through(other.url()))
        self.assertIn("is not found", self.through("http://no-such-host.invalid/"))

    def test_an_answer_without_end(self):
        def endless(request, _):
            request.send_response(200)
            request.end_headers()
            try:
                while True:
                    request.wfile.write(b"x" * 65536)
            except OSError:
                pass

        with Served(endless) as server:
            self.assertIn("larger than", self.through(server.url()))

    def test_over_tls(self):
        self.serve()
        ca = make_ca(self.folder)
        good = make_certificate(self.folder, "good")
        with front_door(self.hook_port, good) as door:
            url = door.url("/hooks/backend")
            self.assertIn("OK", self.through(url, 0, ["--ca", ca]))
            self.assertIn("OK", self.through(
                door.url("/hooks/backend", "127.0.0.1"), 0, ["--ca", ca]))
            said = self.through(url)
            self.assertIn("is not trusted", said)
            done = self.cli("webhook", "test", "backend", "--url", url,
                            env={"SSL_CERT_FILE": str(ca)})
            self.assertEqual(0, done.returncode, done.stdout)
            said = self.through(url, more=["--ca", self.folder / "none"])
            self.assertIn("can't read", said)
            self.assertIn("no TLS", self.through(self.url.replace("http:", "https:")))
        for name, hosts, expired, words in (
            ("late", "DNS:localhost", True, "has expired"),
            ("other", "DNS:other.example.org", False, "for another name"),
        ):
            context = make_certificate(self.folder, name, hosts, expired)
            with front_door(self.hook_port, context) as door:
                said = self.through(door.url("/hooks/backend"), more=["--ca", ca])
                self.assertIn(words, said)

    def test_the_api_over_tls(self):
        ca = make_ca(self.folder)
        with ForgeApi("github", TOKEN, context=make_certificate(self.folder, "good")) as forge:
            api = ["--api", forge.url("/api/v3"), *self.token]
            said = self.verb("webhook", "register", "backend", *api, code=1)
            self.assertIn("is not trusted", said)
            self.assertEqual([], forge.requests)
            said = self.verb("webhook", "register", "backend", *api, "--ca", ca)
            self.assertIn("created", said)
            self.assertNotIn("unencrypted", said)
            self.assertEqual(1, len(forge.hooks))

    def test_through_a_proxy(self):
        self.serve()
        ca = make_ca(self.folder)
        with front_door(self.hook_port, make_certificate(self.folder, "good")) as door:
            with Tunnel(door.port) as proxy:
                url = "https://localhost:4443/hooks/backend"  # only the proxy leads there
                env = {"https_proxy": f"http://ada:s3cret@127.0.0.1:{proxy.port}"}
                done = self.cli("webhook", "test", "backend", "--url", url, "--ca", ca, env=env)
                self.assertEqual(0, done.returncode, done.stdout + done.stderr)
                self.assertEqual(["CONNECT localhost:4443 Basic YWRhOnMzY3JldA=="], proxy.asked)
                proxy.refuse = True
                done = self.cli("webhook", "test", "backend", "--url", url, "--ca", ca, env=env)
                self.assertEqual(1, done.returncode)
                self.assertIn("407", done.stdout)
                self.assertNotIn("s3cret", done.stdout)
        env = {"https_proxy": f"http://127.0.0.1:{free_port()}"}
        done = self.cli("webhook", "test", "backend", "--url", url, env=env)
        self.assertIn("(the proxy)", done.stdout)


if __name__ == "__main__":
    unittest.main()
