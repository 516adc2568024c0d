"""kill -9 of the daemon at any moment: every acknowledged push ends live, one process runs."""

import os
import random
import unittest

from harness import Case, get, wait_until
from relay import GitDaemon, Relay


class KillNine(Case):
    def setUp(self):
        super().setUp()
        self.gate = self.folder / "gate"
        self.ready_gate = self.folder / "ready-gate"

    def die_and_return(self):
        self.daemon.kill()
        self.daemon.start()

    def open_gates(self):
        self.gate.touch()
        self.ready_gate.touch()

    def assert_ends_live(self, commit, version):
        self.wait_good(commit)
        self.wait_one_process()
        self.assertEqual(version, self.version())

    def test_right_after_the_acknowledgement(self):
        first = self.repo.commit("v1")
        self.serve()
        self.push(first)
        self.die_and_return()
        self.assert_ends_live(first, "v1")

    def test_while_fetching(self):
        with GitDaemon(self.folder) as server, Relay(server.port) as relay:
            self.app["repo"] = f"git://127.0.0.1:{relay.port}/backend.git"
            self.first_good()
            relay.hold()
            second = self.repo.commit("v2")
            self.push(second)
            self.wait(
                lambda: (self.status()["deployment"] or {}).get("phase") == "fetching", "fetching"
            )
            relay.wait_held()
            self.die_and_return()
            self.wait_live_commit_serves("v1")
            relay.release()
            self.assert_ends_live(second, "v2")

    def wait_live_commit_serves(self, version):
        def serves():
            try:
                return get(self.app_port)[1].startswith(version + " ")
            except OSError:
                return False

        self.wait(serves, f"{version} to serve")

    def test_while_building(self):
        self.app["build"] = [f"while [ ! -e {self.gate} ]; do sleep 0.02; done; echo ok > built"]
        self.gate.touch()
        self.first_good()
        self.gate.unlink()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_phase(second, "building")
        self.die_and_return()
        self.wait_live_commit_serves("v1")
        self.wait_phase(second, "building")
        self.open_gates()
        self.assert_ends_live(second, "v2")
        built = self.state / "apps/backend/releases" / second / "built"
        self.assertEqual("ok\n", built.read_text())

    def test_while_starting(self):
        self.first_good()
        second = self.repo.commit("v2", ready_gate=str(self.ready_gate))
        self.push(second)
        self.wait_phase(second, "starting")
        self.die_and_return()
        self.wait_live_commit_serves("v1")
        self.open_gates()
        self.assert_ends_live(second, "v2")

    def test_in_probation(self):
        first = self.first_good()
        self.daemon.stop()
        self.app["probation"] = "1500ms"
        self.serve()
        self.wait_live(first)
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_phase(second, "probation")
        self.die_and_return()
        self.assert_ends_live(second, "v2")

    def test_when_all_is_well(self):
        first = self.first_good()
        self.die_and_return()
        self.wait_live(first)
        self.wait_one_process()
        self.assertEqual("v1", self.version())

    def test_when_a_newer_push_waits(self):
        self.app["build"] = [f"while [ ! -e {self.gate} ]; do sleep 0.02; done"]
        self.app["supersede"] = "finish"
        first = self.repo.commit("v1")
        self.serve()
        self.push(first)
        self.wait_phase(first, "building")
        second = self.repo.commit("v2")
        self.push(second)
        self.die_and_return()
        self.open_gates()
        self.assert_ends_live(second, "v2")

    def test_a_rollback_is_not_undone(self):
        first = self.first_good()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        self.cli_ok("rollback", "backend")
        self.die_and_return()
        self.wait_live(first)
        self.wait_one_process()
        self.assertEqual("v1", self.version())
        self.assertIn(second, self.quarantined())

    def test_a_stopped_app_stays_stopped(self):
        self.first_good()
        self.cli_ok("stop", "backend")
        self.die_and_return()
        self.assertEqual("stopped", self.status()["state"])
        self.assertEqual([], self.app_pids())

    def test_a_crash_loop_is_still_judged(self):
        first = self.first_good()
        self.daemon.stop()
        self.app["probation"] = "30s"
        self.app["restart"] = {"backoff": "300ms", "backoff_max": "300ms"}
        self.serve()
        self.wait_live(first)
        bad = self.repo.commit("bad", crash_after_ms=30)
        self.push(bad)
        self.wait_phase(bad, "probation")
        self.die_and_return()
        self.wait_outcome(bad, "rolled_back")
        self.wait(lambda: self.status()["commit"] == first, "the last good one")
        self.wait_one_process()
        self.assertEqual("v1", self.version())


class RandomMoments(Case):
    ROUNDS = 8

    def test_every_acknowledged_push_ends_live(self):
        seed = int(os.environ.get("LASTGOOD_E2E_SEED", random.randrange(1 << 30)))
        chance = random.Random(seed)
        self.app["build"] = ["sleep 0.05"]
        self.first_good()
        for number in range(self.ROUNDS):
            with self.subTest(seed=seed, round=number):
                version = f"r{number}"
                commit = self.repo.commit(version)
                self.push(commit)
                self.pass_time(chance.uniform(0, 0.45))
                self.daemon.kill()
                self.daemon.start()
                self.wait_good(commit)
                self.wait_one_process()
                self.assertEqual(version, self.version())

    def pass_time(self, seconds):
        """The one wait of a fixed time here: the moment of the kill is what is drawn."""
        from time import monotonic

        end = monotonic() + seconds
        wait_until(lambda: monotonic() >= end, "the drawn moment", every=0.001)


class Restart(Case):
    def test_a_restart_of_the_daemon_serves_the_same_release_again(self):
        first = self.first_good()
        self.assertEqual(0, self.daemon.stop())
        self.assertEqual([], self.app_pids())
        self.daemon.start()
        self.wait_live(first)
        self.assertEqual("v1", self.version())
        self.assertEqual(1, len([r for r in self.history() if r["commit"] == first]))

    def test_a_half_made_release_is_made_anew(self):
        gate = self.folder / "gate"
        self.app["build"] = [f"echo once >> built; while [ ! -e {gate} ]; do sleep 0.02; done"]
        commit = self.repo.commit("v1")
        self.serve()
        self.push(commit)
        release = self.state / "apps/backend/releases" / commit
        self.wait(lambda: (release / "built").exists(), "the build")
        self.daemon.kill()
        (release / "half").write_text("x")
        gate.touch()
        self.daemon.start()
        self.wait_good(commit)
        self.assertFalse((release / "half").exists())
        self.assertEqual("once\n", (release / "built").read_text())

    def test_old_releases_are_pruned(self):
        self.app["keep_releases"] = 2
        self.first_good()
        for version in ("v2", "v3", "v4"):
            commit = self.repo.commit(version)
            self.push(commit)
            self.wait_good(commit)
        releases = self.state / "apps/backend/releases"
        # Beside them lies what the next release is made of.
        self.wait(lambda: len(list(releases.glob("[0-9a-f]*"))) <= 3, "old releases to be pruned")
        self.assertTrue((releases / ".spare").is_dir())
        self.assertTrue((releases / commit).is_dir())

    def test_old_releases_go_also_when_one_push_follows_the_other(self):
        self.app["keep_releases"] = 2
        self.app["build"] = "sleep 0.2"
        first = self.first_good()
        releases = self.state / "apps/backend/releases"
        for version in range(200):
            commit = self.repo.commit(f"v{version + 2}")
            self.push(commit)
            self.wait_live(commit)
            if not (releases / first).exists():
                return
        self.fail(f"{len(list(releases.glob('[0-9a-f]*')))} releases, and none was removed")


if __name__ == "__main__":
    unittest.main()
