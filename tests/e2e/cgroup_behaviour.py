"""A cgroup that hands controllers on, as systemd delegates it; without systemd around it."""

import os
import pathlib
import unittest

from harness import BINARY, Case, run, text_of, wait_until

TREE = pathlib.Path("/sys/fs/cgroup/unified" if os.path.exists("/sys/fs/cgroup/unified")
                    else "/sys/fs/cgroup")


class HandedOn(Case):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0 or os.path.isdir("/run/systemd/system"):
            self.skipTest("needs root, and a cgroup tree that nobody manages")
        given = text_of(TREE / "cgroup.controllers").split()
        self.controller = next((name for name in ("pids", "cpu", "memory") if name in given), None)
        if not self.controller:
            self.skipTest("cgroup v2 has no controllers here")
        (TREE / "cgroup.subtree_control").write_text(f"+{self.controller}")
        self.unit = TREE / f"lastgood-test-{os.getpid()}"
        self.unit.mkdir()
        self.addCleanup(self.remove)

    def remove(self):
        for folder, _, _ in os.walk(self.unit, topdown=False):
            self.wait_removed(pathlib.Path(folder))

    def wait_removed(self, folder):
        def gone():
            try:
                folder.rmdir()
            except FileNotFoundError:
                return True
            except OSError:
                return False
            return True

        wait_until(gone, f"{folder} to be empty")

    def enters(self, group):
        return run("/bin/sh", "-c", f"echo $$ >{group}/cgroup.procs").returncode == 0

    def handed_on(self):
        return (self.unit / "cgroup.subtree_control").read_text().split()

    def test_the_next_daemon_is_let_in_when_this_one_is_dead(self):
        enter = f'echo $$ >{self.unit}/cgroup.procs && exec "$@"'
        self.serve(prefix=["/bin/sh", "-c", enter, "sh"])
        commit = self.first_good()
        pid = self.status()["pid"]
        self.assertIn(self.controller, self.handed_on())
        group = pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines()[-1].partition("::")[2]
        self.assertIn(f"/{self.unit.name}/lastgood-", group)
        self.daemon.kill()
        # The kernel keeps the unit's own group free of processes: systemd could not start the next.
        self.assertFalse(self.enters(self.unit))
        (self.unit / ".control").mkdir()
        run("/bin/sh", "-c", f"echo $$ >{self.unit}/.control/cgroup.procs && exec {BINARY} "
                             "let-next-daemon-in")
        self.assertEqual([], self.handed_on())
        self.daemon.start()
        self.wait(lambda: self.status()["state"] == "running", "the next daemon")
        self.assertEqual((commit, pid), (self.status()["commit"], self.status()["pid"]))
        self.assertIn(self.controller, self.handed_on())
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main()
