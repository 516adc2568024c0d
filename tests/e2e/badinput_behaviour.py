"""What is wrong around it: a clear message with the mend, the right exit code, nothing lost."""

import contextlib
import os
import pathlib
import socket
import sqlite3
import unittest

import webhooks
from harness import BINARY, SECRET, Case, free_port, run


class BadInput(Case):
    def told(self, done, code, *parts):
        text = done.stdout + done.stderr
        self.assertEqual(code, done.returncode, text)
        for part in parts:
            self.assertIn(part, text)
        for trace in ("terminate called", "what():", "core dumped", "Assertion", "#0 "):
            self.assertNotIn(trace, text)
        self.assertLess(len(text.splitlines()), 30, text)

    def serve_fails(self, code, *parts, prefix=()):
        self.write_config()
        done = run(*prefix, BINARY, "--config", self.config_path, "serve", timeout=20)
        self.told(done, code, *parts)
        return done.stdout + done.stderr

    def test_no_config(self):
        missing = self.folder / "missing.yaml"
        for command in ("serve", "check", "status"):
            done = run(BINARY, "--config", missing, command, timeout=20)
            self.told(done, 2, str(missing))

    def test_every_fault_at_once_with_its_place(self):
        self.config_path.write_text(
            "state_dir: /tmp/x\n"
            "webhok:\n"
            "  listen: 127.0.0.1:1\n"
            "apps:\n"
            "  backend:\n"
            "    repo: /srv/x.git\n"
            "    run: ./x\n"
            "    probation: soon\n"
            "    fleet: ops\n"
            "umask: 027\n"
        )
        done = run(BINARY, "--config", self.config_path, "check")
        at = str(self.config_path)
        self.told(done, 2, f"{at}:2:1: ", "webhook", f"{at}:8:", f"{at}:9:", "off", f"{at}:10:", "not yet in this version")

    def test_check_of_a_good_config(self):
        self.write_config()
        done = self.cli("check")
        self.told(done, 0)

    def test_no_secret(self):
        del self.config["webhook"]["secret_file"]
        self.serve_fails(2, "secret")

    def test_a_secret_file_that_is_missing_or_empty(self):
        (self.folder / "secret").unlink()
        self.serve_fails(2, str(self.folder / "secret"))
        (self.folder / "secret").write_text("\n")
        self.serve_fails(2, str(self.folder / "secret"))

    def test_the_hook_port_is_in_use(self):
        with socket.create_server(("127.0.0.1", self.hook_port)):
            self.serve_fails(1, str(self.hook_port), "in use")

    def test_the_apps_port_is_in_use(self):
        """That app alone waits for it; others run, and it comes in by itself."""
        commit = self.repo.commit("v1")
        port = free_port()
        self.config["apps"]["beside"] = {**self.app_config(), "listen": f"127.0.0.1:{port}"}
        with socket.create_server(("127.0.0.1", self.app_port)):
            self.serve()
            self.wait_live(commit, "beside")
            status = self.status()
            self.assertEqual("failed", status["state"])
            self.assertRegex(status["trouble"],
                             rf"port {self.app_port} is in use by .+ \(process {os.getpid()}\)")
            done = self.cli("deploy", "backend")
            self.assertEqual(4, done.returncode, done)
            self.assertIn("is in use", done.stderr)
            self.assertEqual(503, webhooks.github(self.hook_port, "backend", SECRET, commit)[0])
        self.wait_live(commit)
        self.assertEqual("", self.status()["trouble"])

    def test_two_daemons_on_one_state_dir(self):
        self.first_good()
        done = run(BINARY, "--config", self.config_path, "serve", timeout=20)
        self.told(done, 1, str(self.state))
        self.assertEqual("v1", self.version())

    def test_an_unreachable_repository_is_told_and_tried_again(self):
        self.app["repo"] = str(self.folder / "nowhere.git")
        commit = self.repo.commit("v1")
        self.serve()
        self.push(commit)
        self.wait(
            lambda: [r for r in self.history() if "nowhere.git" in r["reason"]]
            or "nowhere.git" in self.daemon.log(),
            "the reason",
        )
        self.wait(lambda: "nowhere.git" in self.status()["trouble"], "the status")
        self.repo.path.rename(self.folder / "nowhere.git")
        self.wait_good(commit)
        self.wait(lambda: self.status()["trouble"] == "", "the trouble's end")

    def test_a_branch_that_is_not_there(self):
        self.app["branch"] = "release"
        self.repo.commit("v1")
        self.serve()
        done = self.cli("deploy", "backend")
        self.told(done, 1, "release")

    def test_a_commit_that_is_nowhere(self):
        self.first_good()
        done = self.cli("deploy", "backend", "d" * 40, "--no-wait")
        self.assertIn(done.returncode, (0, 1))
        self.assertEqual("v1", self.version())

    def test_a_run_that_does_not_exist(self):
        self.app["run"] = ["./no-such-program"]
        commit = self.repo.commit("v1")
        self.serve()
        self.push(commit)
        self.wait(lambda: self.status()["state"] == "failed", "the state failed")
        self.assertIn("no-such-program", self.history()[-1]["reason"])

    def test_a_state_dir_that_can_not_be_written(self):
        as_nobody = []
        if os.geteuid() == 0:
            as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        locked = self.folder / "locked"
        locked.mkdir(mode=0o755)
        if os.geteuid() != 0:
            locked.chmod(0o555)
        self.config["state_dir"] = str(locked / "state")
        self.config["runtime_dir"] = str(self.folder / "run")
        self.write_config()
        self.config_path.chmod(0o644)
        (self.folder / "secret").chmod(0o644)
        done = run(*as_nobody, BINARY, "--config", self.config_path, "serve", timeout=20)
        self.told(done, 1, str(locked / "state"), "state_dir")

    def damaged_while_it_runs_on(self, damage):
        """The database is damaged while no daemon runs, and the app lives on."""
        first = self.first_good()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        self.daemon.kill()
        damage(self.state / "lastgood.db")
        self.daemon.start()
        self.wait_live(second)
        self.wait_one_process()
        self.assertEqual("v2", self.version())
        self.assertEqual(second, self.status()["last_good"])
        log = self.daemon.log()
        self.assertIn("the database was damaged: it is kept as", log)
        self.assertIn(f"goes on with commit {second[:7]}, which users had last", log)
        self.assertEqual(1, len(list(self.state.glob("lastgood.db.damaged-*Z"))))
        # What isn't known to be whole has gone, and the next push goes live as ever.
        self.assertFalse((self.state / "apps/backend/releases" / first).exists())
        third = self.repo.commit("v3")
        self.push(third)
        self.wait_good(third)
        self.wait_one_process()

    def test_a_database_that_is_none_is_moved_aside_and_begun_anew(self):
        def damage(database):
            for part in ("-wal", "-shm"):
                pathlib.Path(f"{database}{part}").unlink(missing_ok=True)
            database.write_bytes(b"this is no database" * 100)

        self.damaged_while_it_runs_on(damage)

    def test_a_database_with_torn_pages_too(self):
        def damage(database):
            with contextlib.closing(sqlite3.connect(database)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            size = database.stat().st_size
            with open(database, "r+b") as file:
                for page in range(1, size // 4096):
                    file.seek(page * 4096)
                    file.write(b"\xa5" * 2048)

        self.damaged_while_it_runs_on(damage)

    def test_a_state_that_can_not_be_read(self):
        commit = self.first_good()
        self.daemon.stop()
        with contextlib.closing(sqlite3.connect(self.state / "lastgood.db")) as database, database:
            database.execute("UPDATE apps SET state = '{'")
        self.daemon.start()
        self.wait_live(commit)
        self.assertIn("goes on with commit", self.daemon.log())
        self.assertEqual("good", self.history()[0]["outcome"])

    def test_a_hostile_tree_is_refused(self):
        first = self.first_good()
        blob = self.repo.git("hash-object", "-w", str(self.repo.work / "app.py"))
        tree = run(
            "git", "-C", self.repo.path, "hash-object", "-t", "tree", "-w", "--literally",
            self.raw_tree(blob),
        ).stdout.strip()
        commit = self.repo.git("commit-tree", tree, "-p", first, "-m", "Escape")
        self.repo.set_tip(commit)
        self.push(commit)
        row = self.wait_outcome(commit, "failed")
        self.assertTrue(row["reason"])
        self.assertFalse((self.state / "apps/backend/releases/escape").exists())
        self.assertFalse((self.state / "apps/backend/escape").exists())
        self.assertEqual("v1", self.version())

    def raw_tree(self, blob):
        """A tree whose one entry is named ../escape."""
        path = self.folder / "tree"
        path.write_bytes(b"100644 ../escape\0" + bytes.fromhex(blob))
        return path


if __name__ == "__main__":
    unittest.main()
