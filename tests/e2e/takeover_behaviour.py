"""Apps outlive the daemon: after its death the next one goes on with their processes."""

import os
import signal
import unittest

from harness import Case, get, text_of
from load import Load


class TakeOver(Case):
    def die_and_return(self):
        self.daemon.kill()
        self.daemon.start()

    def running(self, commit):
        self.wait(lambda: self.status()["state"] == "running", "the app to be good and running")
        now = self.status()
        self.assertEqual(commit, now["commit"])
        return now

    def output(self):
        return text_of(self.state / "apps/backend/logs/output.log")

    def test_the_process_stays_and_no_request_fails(self):
        commit = self.first_good()
        before = self.running(commit)
        with Load(self.app_port) as load:
            for _ in range(3):
                self.die_and_return()
                after = self.running(commit)
                self.assertEqual((before["pid"], before["slot"]), (after["pid"], after["slot"]))
                self.grow(load, 200)
            # And the next release takes over from it as from any other.
            second = self.repo.commit("v2")
            self.push(second)
            self.wait_good(second)
            self.wait_one_process()
        self.assertEqual([], [str(failure) for failure in load.failures])
        self.assertEqual({"v1", "v2"}, set(load.answered))
        self.assertIn("was started by an earlier daemon and runs on", self.daemon.log())

    def say(self, word):
        get(self.app_port, f"/say/{word}")

    def wait_said(self, word):
        self.wait(lambda: self.output().count(f"| {word}\n") == 1, f"{word} in the log")

    def test_what_it_says_meanwhile_is_not_lost(self):
        self.first_good()
        self.say("before")
        # What the daemon holds at that moment dies with it.
        self.wait_said("before")
        self.daemon.kill()
        self.say("meanwhile")
        self.daemon.start()
        self.say("after")
        for word in ("before", "meanwhile", "after"):
            self.wait_said(word)

    def test_one_that_is_being_started_is_not_started_twice(self):
        self.first_good()
        gate = self.folder / "ready"
        second = self.repo.commit("v2", ready_gate=str(gate))
        self.push(second)
        self.wait_phase(second, "starting")
        self.wait(lambda: self.status()["beside"], "its process")
        pid = self.status()["beside"]["pid"]
        for _ in range(3):
            self.die_and_return()
            self.assertEqual(pid, self.status()["beside"]["pid"])
        gate.touch()
        self.wait_good(second)
        self.assertEqual(pid, self.status()["pid"])
        self.wait_one_process()

    def test_its_end_is_seen(self):
        commit = self.first_good()
        before = self.running(commit)
        self.die_and_return()
        self.running(commit)
        os.kill(before["pid"], signal.SIGKILL)
        self.wait(lambda: self.status()["pid"] not in (0, before["pid"]), "its restart")
        self.assertEqual(1, self.status()["restarts"])
        self.wait_one_process()

    def test_one_that_ended_meanwhile_is_started(self):
        commit = self.first_good()
        before = self.running(commit)
        self.daemon.kill()
        os.kill(before["pid"], signal.SIGKILL)
        self.daemon.start()
        self.wait(lambda: self.status()["pid"] not in (0, before["pid"]), "its start")
        self.wait_one_process()
        self.assertEqual("v1", self.version())

    def test_in_the_probation_both_stay(self):
        first = self.first_good()
        self.daemon.stop()
        self.app["probation"] = "2s"
        self.serve()
        self.wait_live(first)
        warm = self.running(first)["pid"]
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_phase(second, "probation")
        trial = self.status()["pid"]
        self.die_and_return()
        self.assertEqual(trial, self.status()["pid"])
        os.kill(warm, 0)  # still there
        self.wait_good(second)
        self.wait_one_process()
        self.assertEqual(trial, self.status()["pid"])

    def test_a_stop_ends_what_was_taken_over(self):
        self.first_good()
        self.die_and_return()
        self.daemon.stop()  # and nothing is left: the harness looks


class TakeOverInPlace(Case):
    listen = False

    def test_the_process_stays(self):
        self.first_good(port=self.app_port)
        self.wait(lambda: self.status()["state"] == "running", "the app to be good")
        before = self.status()["pid"]
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(before, self.status()["pid"])
        self.cli_ok("restart", "backend")
        self.wait(lambda: self.status()["pid"] not in (0, before), "a restart")
        self.wait_one_process()


if __name__ == "__main__":
    unittest.main()
