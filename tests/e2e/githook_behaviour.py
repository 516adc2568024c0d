"""hooks/git/post-receive in a bare repository: what whoever pushes gets to see."""

import base64
import json
import os
import subprocess
import time
import unittest

from harness import ENVIRONMENT, ROOT, Case, run


def token(key):
    return "whsec_" + base64.b64encode(key).decode()


TOKEN = token(b"\0an end-to-end key, of some bytes")


class GitHook(Case):
    def setUp(self):
        super().setUp()
        self.secret = self.folder / "token"
        self.set_secret(TOKEN)
        self.app["webhook"] = {"provider": "standard", "secret_file": str(self.secret)}
        hook = self.repo.path / "hooks" / "post-receive"
        hook.write_text((ROOT / "hooks/git/post-receive").read_text())
        hook.chmod(0o755)
        self.git_config("url", f"http://127.0.0.1:{self.hook_port}/hooks/backend")
        self.git_config("secretFile", str(self.secret))

    def set_secret(self, text):
        self.secret.write_text(text + "\n")
        self.secret.chmod(0o600)

    def git_config(self, name, value):
        self.repo.git("config", f"lastgood.{name}", str(value))

    def serve_first(self, good=True):
        """The daemon runs the first release; a clone stands on it."""
        first = self.repo.commit("v1")
        self.clone = self.folder / "clone"
        run("git", "clone", "-q", self.repo.path, self.clone)
        self.serve()
        (self.wait_good if good else self.wait_live)(first)

    def commit(self, version, files=None, **behaviour):
        """In the clone; the short id."""
        (self.clone / "behaviour.json").write_text(json.dumps({"version": version, **behaviour}))
        for name, text in (files or {}).items():
            (self.clone / name).write_text(text)
        run("git", "-C", self.clone, "add", "-A")
        run("git", "-C", self.clone, "commit", "-q", "-m", version)
        return run("git", "-C", self.clone, "rev-parse", "--short=7", "HEAD").stdout.strip()

    def git_push(self, *refs, **options):
        """What stands in the terminal. The push itself succeeds, whatever becomes of it."""
        refs = refs or ("HEAD:main",)
        done = run("git", "-C", self.clone, "push", self.repo.path, *refs, **options)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stderr


class Shown(GitHook):
    def test_the_push_returns_when_users_have_the_release(self):
        self.app["probation"] = "1h"
        self.serve_first(good=False)
        commit = self.commit("v2")
        told = self.git_push()
        self.assertEqual("v2", self.version())
        self.assertRegex(told, f"lastgood: accepted backend main {commit}")
        self.assertRegex(told, rf"lastgood: backend {commit} is live, \d+\.\d s")

    def test_a_failed_build_is_shown_with_its_reason(self):
        self.app["build"] = ["test ! -e broken"]
        self.serve_first()
        commit = self.commit("v2", files={"broken": ""})
        told = self.git_push()
        self.assertRegex(told, f"lastgood: backend {commit} failed: .+")
        self.assertEqual("v1", self.version())

    def test_a_release_that_never_gets_ready_is_shown_as_failed(self):
        self.app["ready"]["within"] = "1s"
        self.serve_first()
        commit = self.commit("v2", start="never_ready")
        self.assertRegex(self.git_push(), f"lastgood: backend {commit} failed: .+")

    def test_a_push_that_a_newer_one_replaces_is_shown_so(self):
        self.app["build"] = ["test ! -e slow || sleep 20"]
        self.serve_first()
        first = self.commit("v2", files={"slow": ""})
        pushing = subprocess.Popen(
            ["git", "-C", str(self.clone), "push", str(self.repo.path), "HEAD:main"],
            env=ENVIRONMENT,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            whole = run("git", "-C", self.clone, "rev-parse", "HEAD").stdout.strip()
            self.wait_phase(whole, "building")
            (self.clone / "slow").unlink()
            second = self.commit("v3")
            self.assertRegex(self.git_push(), f"backend {second} is live")
            _, told = pushing.communicate(timeout=30)
        finally:
            pushing.kill()
            pushing.wait()
        self.assertRegex(told, f"lastgood: backend {first} was superseded")

    def test_waiting_is_bounded_and_its_end_is_told(self):
        self.app["build"] = ["test ! -e slow || sleep 30"]
        self.serve_first()
        self.git_config("wait", 3)
        commit = self.commit("v2", files={"slow": ""})
        begun = time.monotonic()
        told = self.git_push()
        self.assertLess(time.monotonic() - begun, 20)
        self.assertRegex(told, f"backend {commit}: building, not waiting longer than 3 s")

    def test_with_wait_0_the_push_only_tells(self):
        self.serve_first()
        self.git_config("wait", 0)
        commit = self.commit("v2")
        told = self.git_push()
        self.assertIn(f"lastgood: accepted backend main {commit}", told)
        self.assertEqual(1, told.count("lastgood:"), told)


class Told(GitHook):
    """Without the waiting: what is sent, and how it is signed."""

    def setUp(self):
        super().setUp()
        self.git_config("wait", 0)

    def test_any_signing_token_will_do(self):
        tokens = [
            token(b"sixteen bytes...").rstrip("="),
            token(b"\0" * 15 + b"\xff"),
            token(bytes(range(64))),
            token(bytes(range(256))),
        ]
        for secret in tokens:
            with self.subTest(secret):
                self.set_secret(secret)
                if self.daemon:
                    self.daemon.stop()
                    self.serve()
                else:
                    self.serve_first()
                commit = self.commit(secret)
                # The poller's look at the start may find it first.
                self.assertRegex(
                    self.git_push(), f"lastgood: (accepted|ignored) backend main {commit}"
                )
                self.wait_good(self.repo.tip())

    def test_a_secret_that_is_no_signing_token_is_told(self):
        self.serve_first()
        other = self.folder / "other-secret"
        other.write_text("a plain secret of some length\n")
        self.git_config("secretFile", other)
        self.commit("v2")
        told = self.git_push()
        self.assertRegex(told, "lastgood: not told: .* is no signing token")
        self.assertIn('echo "whsec_$(openssl rand -base64 32)"', told)

    def test_another_secret_is_refused_and_the_push_succeeds(self):
        self.serve_first()
        other = self.folder / "other-secret"
        other.write_text(token(b"not the one of the daemon") + "\n")
        self.git_config("secretFile", other)
        commit = self.commit("v2")
        self.assertRegex(self.git_push(), f"lastgood: refused with 401 backend main {commit}")
        self.assertEqual(commit, self.repo.tip()[:7])

    def test_a_ref_name_is_text_only(self):
        self.serve_first()
        self.commit("v2")
        marker = self.folder / "marker"
        odd = f'refs/heads/a"$(touch${{IFS}}{marker})\'`x`;b'
        told = self.git_push(f"HEAD:{odd}", "HEAD:refs/heads/plain")
        self.assertEqual(2, told.count("lastgood: ignored backend"), told)
        self.assertFalse(marker.exists())
        refs = {row["ref"] for row in self.deliveries()}
        self.assertEqual({odd, "refs/heads/plain"}, refs)

    def test_tags_and_deletions_are_told_and_deploy_nothing(self):
        self.serve_first()
        run("git", "-C", self.clone, "tag", "-a", "-m", "One", "v1")
        self.assertIn("lastgood: ignored backend v1", self.git_push("v1", "HEAD:refs/heads/other"))
        self.assertIn("lastgood: ignored backend other", self.git_push(":refs/heads/other"))
        self.assertEqual(1, len(self.history()))

    def test_a_push_succeeds_when_nobody_listens(self):
        self.serve_first()
        self.daemon.stop()
        commit = self.commit("v2")
        # Several refs: it is tried once.
        told = self.git_push("HEAD:main", "HEAD:refs/heads/other")
        self.assertEqual(1, told.count("lastgood: not reached: curl: "), told)
        self.assertEqual(commit, self.repo.tip()[:7])

    def test_the_key_stands_in_no_argument_list(self):
        self.serve_first()
        log = self.folder / "arguments"
        wrappers = self.folder / "wrappers"
        wrappers.mkdir()
        for tool in ("curl", "openssl", "od", "sed", "tr", "tail", "head", "cut", "git", "date"):
            real = run("sh", "-c", f"command -v {tool}").stdout.strip()
            wrapper = wrappers / tool
            wrapper.write_text(f'#!/bin/sh\nprintf "%s\\n" {tool} "$@" >>{log}\nexec {real} "$@"\n')
            wrapper.chmod(0o755)
        commit = self.commit("v2")
        path = {"PATH": f"{wrappers}{os.pathsep}{ENVIRONMENT['PATH']}"}
        self.assertIn(f"lastgood: accepted backend main {commit}", self.git_push(env=path))
        arguments = log.read_text()
        self.assertIn("webhook-signature: v1,", arguments)
        key = base64.b64decode(TOKEN.removeprefix("whsec_"))
        for secret in (TOKEN, TOKEN.removeprefix("whsec_"), key.hex(), "an end-to-end key"):
            self.assertNotIn(secret, arguments)
        self.assertEqual([], list(self.repo.path.glob("tmp*")))


if __name__ == "__main__":
    unittest.main()
