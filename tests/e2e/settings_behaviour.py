"""A repository's own settings, and apps that run as users of their own."""

import json
import os
import pathlib
import pwd
import unittest

from harness import APP_COMMAND, Case


class RepositorySettings(Case):
    def setUp(self):
        super().setUp()
        self.app["allow_repo_config"] = True
        del self.app["run"]

    def commit(self, version, **settings):
        settings.setdefault("run", [*APP_COMMAND, version])
        return self.repo.commit(version, files={"lastgood.yaml": json.dumps(settings)})

    def push_good(self, version, **settings):
        commit = self.commit(version, **settings)
        self.push(commit)
        self.wait_good(commit)
        return commit

    def last_argument(self):
        line = pathlib.Path(f"/proc/{self.status()['pid']}/cmdline").read_bytes()
        return line.split(b"\0")[-2].decode()

    def release(self, commit):
        return self.state / "apps" / "backend" / "releases" / commit

    def test_they_go_forward_and_back_with_the_commit(self):
        self.serve_and_look()
        one = self.push_good("v1", build="echo one >built")
        self.assertEqual("v1", self.last_argument())
        self.assertEqual("one\n", (self.release(one) / "built").read_text())
        told = self.folder / "told"
        two = self.push_good(
            "v2", build="echo two >built",
            hooks={"after_switch": f"echo $LASTGOOD_COMMIT >{told}"})
        self.wait(lambda: told.exists() and told.read_text().strip() == two, "the hook")
        self.assertEqual("v2", self.last_argument())
        self.assertEqual("two\n", (self.release(two) / "built").read_text())
        self.cli_ok("rollback", "backend")
        self.assertEqual(one, self.status()["commit"])
        self.wait(lambda: self.status()["pid"] and self.last_argument() == "v1", "v1's own line")

    def test_they_are_known_to_the_next_daemon(self):
        self.serve_and_look()
        self.push_good("v1")
        self.daemon.stop()
        self.serve()
        self.wait(lambda: self.status()["state"] == "running", "the app")
        self.assertEqual("v1", self.last_argument())

    def test_an_app_that_ran_before_keeps_its_line(self):
        self.app["run"] = [*APP_COMMAND, "by-the-server"]
        self.app["allow_repo_config"] = False
        first = self.first_good()
        self.daemon.stop()
        del self.app["run"]
        self.app["allow_repo_config"] = True
        self.serve()
        self.wait(lambda: self.status()["state"] == "running", "the app")
        self.assertEqual((first, "by-the-server"), (self.status()["commit"], self.last_argument()))
        self.push_good("v2")
        self.assertEqual("v2", self.last_argument())

    def test_a_file_with_faults_fails_the_deployment_and_what_is_live_stays(self):
        self.serve_and_look()
        one = self.push_good("v1")
        bad = self.commit("v2", user="root", ready={"http": "http://127.0.0.1:22/"})
        self.push(bad)
        reason = self.wait_outcome(bad, "failed")["reason"]
        self.assertIn("lastgood.yaml:1:", reason)
        self.assertIn("user: belongs into the server's config", reason)
        self.assertIn("a full address belongs into the server's config", reason)
        self.assertEqual(one, self.status()["commit"])
        self.assertEqual("v1", self.version())
        none = self.repo.commit("v3", files={"lastgood.yaml": "build: 'true'\n"})
        self.push(none)
        self.assertIn("nothing says what to run", self.wait_outcome(none, "failed")["reason"])

    def test_paths_of_the_commit_decide(self):
        self.serve_and_look()
        self.push_good("v1", paths=["src/**", "behaviour.json"])
        beside = self.repo.commit("v1", files={"docs/x": "1"})
        self.push(beside)
        reason = self.wait_outcome(beside, "cancelled")["reason"]
        self.assertIn("changed nothing under `paths`", reason)


@unittest.skipUnless(os.geteuid() == 0, "only root can run an app as another user")
class OwnUser(Case):
    def setUp(self):
        super().setUp()
        self.nobody = pwd.getpwnam("nobody")
        self.app["user"] = "nobody"
        self.app["umask"] = "027"
        self.app["build"] = "id -un >builder; echo $HOME >>builder"
        self.app["hooks"] = {"after_switch": "id -un >switched"}

    def release(self, commit):
        return self.state / "apps" / "backend" / "releases" / commit

    def check(self, commit):
        release = self.release(commit)
        self.assertEqual(["nobody", self.nobody.pw_dir], (release / "builder").read_text().split())
        self.wait(lambda: (release / "switched").exists(), "the hook")
        status = pathlib.Path(f"/proc/{self.status()['pid']}/status").read_text()
        uid, gid = self.nobody.pw_uid, self.nobody.pw_gid
        self.assertRegex(status, rf"Uid:\t{uid}\t{uid}\t{uid}")
        self.assertRegex(status, rf"Gid:\t{gid}\t{gid}\t{gid}")
        self.assertRegex(status, r"Umask:\t0027")
        self.assertEqual((uid, 0o750), (release.stat().st_uid, release.stat().st_mode & 0o777))
        # What the user has no business with stays closed.
        for closed in ("logs", "repo.git"):
            self.assertEqual(0, (release.parent.parent / closed).stat().st_mode & 0o007)

    def test_the_app_its_build_and_its_hooks_run_as_that_user(self):
        first = self.first_good()
        self.check(first)
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        self.check(second)

    def test_releases_of_linked_files_share_them_and_rollback_works(self):
        self.app["materialise"] = "link"
        first = self.first_good(files={"big/same": "x" * 1000, "other": "1"})
        second = self.repo.commit("v2", files={"other": "2"})
        self.push(second)
        self.wait_good(second)
        self.check(second)
        one, two = (self.release(commit) for commit in (first, second))
        self.assertEqual((one / "big/same").stat().st_ino, (two / "big/same").stat().st_ino)
        self.assertEqual(0, (two / "big/same").stat().st_uid)
        self.assertEqual(("1", "2"), ((one / "other").read_text(), (two / "other").read_text()))
        self.cli_ok("rollback", "backend")
        self.assertEqual("v1", self.version())

    def test_a_user_that_is_not_there_is_told_and_nobody_else_runs_it(self):
        self.app["user"] = "no-such-user"
        self.repo.commit("v1")
        self.serve()
        status = self.status()
        self.assertEqual(("failed", 0), (status["state"], status["pid"]))
        self.assertIn("there is no user no-such-user here", status["trouble"])
        self.assertEqual([], self.app_pids())


if __name__ == "__main__":
    unittest.main()
