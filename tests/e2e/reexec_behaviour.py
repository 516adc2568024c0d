"""The daemon's program replaced in place, and its end together with the only app."""

import contextlib
import http.client
import os
import pathlib
import shutil
import signal
import unittest

from harness import BINARY, WAIT, Case, Daemon, get
from load import Load


def crash(port):
    with contextlib.suppress(http.client.HTTPException, OSError):
        get(port, "/crash")


class Reexec(Case):
    def running(self):
        self.wait(lambda: self.status()["state"] == "running", "the app to be running")
        return self.status()

    def reexec(self):
        done = self.cli("reexec")
        self.assertEqual(0, done.returncode, done.stderr)

    def test_the_process_and_its_apps_stay_and_no_request_fails(self):
        self.first_good()
        daemon, before = self.daemon.pid, self.running()
        with Load(self.app_port) as load:
            for _ in range(3):
                self.reexec()
                after = self.running()
                self.assertEqual((before["pid"], before["slot"]), (after["pid"], after["slot"]))
                self.assertEqual(daemon, self.daemon.pid)
                self.grow(load, 200)
            second = self.repo.commit("v2")
            self.push(second)
            self.wait_good(second)
            self.wait_one_process()
        self.assertEqual([], [str(failure) for failure in load.failures])
        self.assertTrue(self.daemon.running())

    def test_how_an_app_ends_is_known_afterwards(self):
        self.first_good()
        before = self.running()
        os.kill(self.daemon.pid, signal.SIGUSR2)
        self.wait(lambda: self.daemon.log().count("webhooks are received on") == 2, "the next one")
        crash(self.app_port)
        self.wait(lambda: self.status()["pid"] not in (0, before["pid"]), "its restart")
        self.assertIn("exited with status 9", self.daemon.log())

    def test_a_build_under_way_is_begun_again(self):
        self.first_good()
        gate = self.folder / "gate"
        self.app["build"] = f"test -e {gate} || (touch {gate}.asked; sleep 1000)"
        self.write_config()
        os.kill(self.daemon.pid, signal.SIGHUP)
        self.wait(lambda: "read again" in self.daemon.log(), "the reload")
        second = self.repo.commit("v2")
        self.push(second)
        self.wait(pathlib.Path(f"{gate}.asked").exists, "its build")
        gate.touch()
        self.reexec()
        self.wait_good(second)

    def test_a_program_that_cannot_run_is_refused(self):
        program = self.folder / "lastgood"
        shutil.copy(BINARY, program)
        self.write_config()
        self.daemon = Daemon(self.config_path, self.folder)
        self.daemon.argv[0] = str(program)
        self.daemon.start()
        self.first_good()
        before = self.running()
        program.unlink()
        program.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
        program.chmod(0o755)
        os.kill(self.daemon.pid, signal.SIGUSR2)
        self.wait(lambda: "the program stays as it is" in self.daemon.log(), "its refusal")
        self.assertIn("exited with status 3: broken", self.daemon.log())
        self.assertEqual(before["pid"], self.status()["pid"])


class ExitWithApp(Case):
    def test_the_daemon_ends_with_its_status(self):
        self.app["exit_with_app"] = True
        commit = self.first_good()
        self.wait(lambda: self.status()["state"] == "running", "the app to be good")
        crash(self.app_port)
        self.assertEqual(9, self.daemon.process.wait(WAIT))
        self.daemon.start()
        self.wait(lambda: self.status()["state"] == "running", "its start")
        self.assertEqual(commit, self.status()["commit"])
        os.kill(self.status()["pid"], signal.SIGKILL)
        self.assertEqual(128 + signal.SIGKILL, self.daemon.process.wait(WAIT))
        self.daemon.start()

    def test_a_bad_release_is_rolled_back_all_the_same(self):
        self.app["exit_with_app"] = True
        first = self.first_good()
        bad = self.repo.commit("v2", crash_after_ms=50)
        self.push(bad)
        self.wait_outcome(bad, "rolled_back")
        self.assertEqual(first, self.status()["commit"])
        self.assertTrue(self.daemon.running())


if __name__ == "__main__":
    unittest.main()
