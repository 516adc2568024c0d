"""`lastgood init`: a small project of every kind goes from its checkout to live by the config that
was written for it, with nothing edited but the test's own folders and the receiver's port."""

import json
import os
import shutil
import stat
import unittest

from harness import ENVIRONMENT, ROOT, Case, Daemon, get, run, text_of

FIXTURES = ROOT / "tests" / "data" / "init"
# The developer's own tools (cargo) after the system's.
PATH = ENVIRONMENT["PATH"] + ":" + os.environ.get("PATH", "")
BUILD_TIME = 180


def needs(*programs):
    missing = [program for program in programs if not shutil.which(program, path=PATH)]
    return unittest.skipIf(missing, f"no {', '.join(missing)}")


class InitCase(Case):
    def setUp(self):
        super().setUp()
        self.checkout = self.folder / "shop"
        self.config_path = self.folder / "etc" / "lastgood.yaml"

    def git(self, *arguments):
        done = run("git", "-C", self.checkout, *arguments)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout.strip()

    def commit_project(self, kind, without=()):
        shutil.copytree(FIXTURES / kind, self.checkout, ignore=shutil.ignore_patterns(*without))
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "A project")
        return self.git("rev-parse", "HEAD")

    def init(self, *arguments):
        return self.cli("init", self.checkout, *arguments)

    def init_ok(self, *arguments):
        done = self.init(*arguments)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout


class KindCase(InitCase):
    def serve_as_written(self, home):
        text = self.config_path.read_text()
        for line, by in (
            ("state_dir: ", str(self.state)),
            ("runtime_dir: ", str(self.runtime)),
            ("  listen: 0.0.0.0:8787", f"127.0.0.1:{self.hook_port}"),
        ):
            found = [one for one in text.split("\n") if one.startswith(line)]
            self.assertEqual(1, len(found), (line, text))
            key = line.split(":")[0]
            text = text.replace(found[0], f"{key}: {by}")
        self.config_path.write_text(text)
        self.daemon = Daemon(self.config_path, self.folder, env={"HOME": str(home), "PATH": PATH})
        self.daemon.start()

    def wait_live(self, commit, app="backend"):
        def live():
            for row in self.history():
                self.assertIn(row["outcome"], (None, "", "good", "superseded"), row)
            status = self.status()
            return status["commit"] == commit and status["state"] in ("probation", "running")

        self.wait(live, f"{commit[:7]} to be live", timeout=BUILD_TIME)

    def check_goes_live(self, kind, answer, home=None, without=()):
        commit = self.commit_project(kind, without)
        told = self.init_ok("--app", "backend", "--listen", f"127.0.0.1:{self.app_port}")
        self.assertIn("lastgood --config", told)
        self.cli_ok("check")
        (self.folder / "home").mkdir()
        self.serve_as_written(home or self.folder / "home")
        self.wait_live(commit)
        self.assertIn(answer, get(self.app_port)[1])
        # The second one finds what was carried from the first.
        (self.checkout / "second").write_text("")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "Once more")
        self.cli_ok("deploy", "backend", "--no-wait")
        self.wait_live(self.git("rev-parse", "HEAD"))
        self.assertIn(answer, get(self.app_port)[1])


class Interpreted(KindCase):
    @needs("node", "npm")
    def test_node(self):
        self.check_goes_live("node", "hello from node")

    @needs("python3")
    def test_python(self):
        self.check_goes_live("python", "hello from python")

    @needs("ruby", "bundle")
    def test_ruby(self):
        self.check_goes_live("ruby", "hello from ruby")

    @needs("ruby")
    def test_ruby_without_gems(self):
        self.check_goes_live("ruby", "hello from ruby", without=["Gemfile*"])

    @needs("php")
    def test_php(self):
        self.check_goes_live("php", "hello from php")

    @needs("python3")
    def test_site(self):
        self.check_goes_live("site", "hello from site")

    @needs("python3")
    def test_script(self):
        self.check_goes_live("script", "hello from script")


class Compiled(KindCase):
    @needs("go")
    def test_go(self):
        self.check_goes_live("go", "hello from go")

    @needs("cargo")
    def test_rust(self):
        # Where rustup keeps what it calls.
        self.check_goes_live("rust", "hello from rust", home=os.path.expanduser("~"))

    @needs("cmake", "cc")
    def test_cmake(self):
        self.check_goes_live("cmake", "hello from c")

    @needs("make", "cc")
    def test_make(self):
        self.check_goes_live("make", "hello from c")


class Writing(InitCase):
    def test_every_kind_gives_a_config_that_check_takes(self):
        for kind in sorted(path.name for path in FIXTURES.iterdir()):
            with self.subTest(kind=kind):
                self.commit_project(kind)
                self.init_ok()
                self.assertIn("1 app", self.cli_ok("check"))
                shutil.rmtree(self.checkout)
                shutil.rmtree(self.config_path.parent)

    def test_the_secret_is_fresh_and_for_nobody_else(self):
        self.commit_project("script")
        self.git("remote", "add", "origin", "git@github.com:acme/My.Shop.git")
        done = json.loads(self.init_ok("--json"))
        self.assertEqual("my-shop", done["app"])
        self.assertEqual("plain script", done["kind"])
        self.assertTrue(done["secret_made"])
        secret = self.config_path.parent / "secret"
        self.assertEqual(str(secret), done["secret"])
        self.assertRegex(secret.read_text(), r"^[0-9a-f]{64}\n$")
        self.assertEqual(0o600, stat.S_IMODE(secret.stat().st_mode))
        self.assertEqual(0o640, stat.S_IMODE(self.config_path.stat().st_mode))
        first = secret.read_text()
        self.config_path.unlink()
        self.assertFalse(json.loads(self.init_ok("--json"))["secret_made"])
        self.assertEqual(first, secret.read_text())

    def test_the_last_step_works_when_what_it_asks_for_is_set(self):
        self.commit_project("script")
        self.git("remote", "add", "origin", "git@github.com:acme/shop.git")
        told = self.init_ok()
        self.assertIn("\n  webhook.public_url: ", told)
        self.assertIn("webhook register shop  once webhook.public_url is set", told)
        text = self.config_path.read_text()
        self.config_path.write_text(text.replace("# public_url:", "public_url:"))
        self.assertIn("https://hooks.example.org/hooks/shop",
                      self.cli_ok("webhook", "register", "shop"))

    def test_the_last_step_works_as_it_is_for_a_plain_repository(self):
        self.commit_project("script")
        self.assertNotIn("public_url", self.init_ok())
        self.cli_ok("webhook", "register", "shop")

    def test_what_is_left_out_of_a_project_is_told(self):
        self.commit_project("script")
        (self.checkout / ".gitignore").write_text(".env\n")
        (self.checkout / "Procfile").write_text("web: ./start.sh\nworker: ./work.sh\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "A worker and secrets")
        told = self.init_ok()
        self.assertIn("  env_file: git ignores a .env here", told)
        self.assertIn("  run: Procfile also has worker: ./work.sh;", told)
        self.assertIn("LOOK: git ignores a .env", text_of(self.config_path))
        self.cli_ok("check")

    def test_gitlab_gets_a_signing_token(self):
        self.commit_project("script")
        self.git("remote", "add", "origin", "git@gitlab.com:acme/shop.git")
        self.init_ok()
        self.assertTrue(text_of(self.config_path.parent / "secret").startswith("whsec_"))
        self.cli_ok("check")

    def test_a_config_that_is_there_is_left_as_it_is(self):
        self.commit_project("script")
        self.config_path.parent.mkdir()
        self.config_path.write_text("mine")
        done = self.init()
        self.assertEqual(4, done.returncode)
        self.assertIn("is there already", done.stderr)
        self.assertIn(f"lastgood init --app-only >> {self.config_path}", done.stderr)
        self.assertEqual("mine", self.config_path.read_text())
        self.assertFalse((self.config_path.parent / "secret").exists())

    def test_a_second_app_is_added_to_a_config_that_is_there(self):
        self.commit_project("script")
        self.init_ok("--app", "first")
        first = self.config_path.read_text()
        refused = self.cli("init", self.checkout, "--app-only", "--app", "first")
        self.assertEqual(4, refused.returncode)
        self.assertIn("has an app first already;", refused.stderr)
        self.assertIn("--app NAME", refused.stderr)
        part = self.init_ok("--app-only", "--app", "second", "--listen", "127.0.0.1:4444")
        self.assertEqual(first, self.config_path.read_text())
        self.config_path.write_text(first + part)
        self.assertIn("2 apps", self.cli_ok("check"))

    def test_a_second_app_that_needs_a_signing_token_gets_a_secret_of_its_own(self):
        self.commit_project("script")
        self.init_ok("--app", "first")
        first = self.config_path.read_text()
        secret = self.config_path.parent / "secret"
        secret.write_text("0123456789abcdef0123456789abcdef\n")
        part = self.init_ok("--app-only", "--app", "second", "--listen", "127.0.0.1:4444")
        self.assertIn(f"secret_file: {self.config_path.parent}/secrets/second }}", part)
        self.config_path.write_text(first.replace("provider: standard", "provider: github") + part)
        self.cli_ok("webhook", "register", "second", "--url", "http://127.0.0.1:1")
        self.assertIn("2 apps", self.cli_ok("check"))
        self.config_path.unlink()
        done = self.init()
        self.assertEqual(2, done.returncode)
        self.assertIn(f"{secret} is there and is no signing token, which standard needs", done.stderr)

    def test_comments_alone_are_no_config_and_are_kept(self):
        self.commit_project("script")
        self.config_path.parent.mkdir()
        comments = (ROOT / "packaging" / "lastgood.yaml").read_text()
        self.config_path.write_text(comments)
        refused = self.cli("check")
        self.assertEqual(2, refused.returncode)
        self.assertIn("no app is configured yet; `lastgood init`", refused.stderr)
        before = f"{self.config_path}.before"
        self.assertIn(before, self.init_ok())
        self.assertEqual(comments, text_of(self.config_path.parent / "lastgood.yaml.before"))
        self.cli_ok("check")
        self.config_path.write_text(comments)
        again = self.init()
        self.assertEqual(1, again.returncode)
        self.assertIn(before, again.stderr)
        self.assertEqual(comments, self.config_path.read_text())

    def test_print_writes_nothing(self):
        self.commit_project("node")
        text = self.init_ok("--print", "--app", "web", "--listen", "127.0.0.1:4444")
        self.assertIn("\n  web:\n", text)
        self.assertIn("listen: 127.0.0.1:4444", text)
        self.assertFalse(self.config_path.parent.exists())

    def test_a_program_that_a_service_does_not_find_is_told(self):
        self.commit_project("script")
        (self.checkout / "Procfile").write_text("web: no-such-server --port $PORT\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "Another server")
        self.assertIn("run: no-such-server is not installed", self.init_ok())
        self.config_path.unlink()
        tools = self.folder / "own-tools"
        tools.mkdir()
        (tools / "no-such-server").write_text("#!/bin/sh\n")
        (tools / "no-such-server").chmod(0o755)
        done = self.cli("init", self.checkout, env={"PATH": f"{PATH}:{tools}"})
        self.assertIn(f"no-such-server is {tools}/no-such-server, where a service doesn't look",
                      done.stdout)

    def test_credentials_of_the_remote_are_left_out_and_told(self):
        self.commit_project("script")
        self.git("remote", "add", "origin", "https://ann:topsecret@github.com/acme/shop.git")
        told = self.init_ok()
        self.assertIn("left out", told)
        text = self.config_path.read_text()
        self.assertIn("repo: https://github.com/acme/shop.git\n", text)
        self.assertNotIn("topsecret", text + told)

    def test_what_cannot_be_a_config_is_told_and_nothing_written(self):
        self.checkout.mkdir()
        done = self.init()
        self.assertEqual(2, done.returncode)
        self.assertIn("git init", done.stderr)
        self.checkout.rmdir()
        self.commit_project("script")
        for wrong in (["--app", "No Name"], ["--listen", "nowhere"]):
            done = self.init(*wrong)
            self.assertEqual(2, done.returncode, wrong)
        self.git("remote", "add", "origin", "ext::sh -c something")
        done = self.init()
        self.assertEqual(2, done.returncode)
        self.assertIn("repo: ", done.stderr)
        self.assertFalse(self.config_path.exists())


if __name__ == "__main__":
    unittest.main()
