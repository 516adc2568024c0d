"""The state as one file: to another machine, and back after a loss."""

import contextlib
import shutil
import sqlite3
import tarfile
import unittest

from harness import Case


class Archive(Case):
    def setUp(self):
        super().setUp()
        self.archive = self.folder / "state.tar.gz"
        self.app["build"] = "echo built >built"

    def another_machine(self):
        """Nothing of the state is left, and the remote is away."""
        self.daemon.stop()
        shutil.rmtree(self.state)
        self.repo.path.rename(self.folder / "away.git")

    def test_it_goes_on_with_what_was_live_without_fetching_and_building(self):
        first = self.first_good()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        bad = self.repo.commit("bad", start="exit")
        self.push(bad)
        self.wait_outcome(bad, "failed")
        self.cli_ok("export", self.archive)  # while it runs
        self.assertEqual(0o600, self.archive.stat().st_mode & 0o777)
        history = self.history()
        self.another_machine()
        self.assertIn("start the daemon", self.cli_ok("import", self.archive))
        self.daemon.start()
        self.wait_live(second)
        self.assertEqual("v2", self.version())
        self.assertEqual(history, self.history()[-len(history):])
        self.assertIn(bad, self.quarantined())
        self.cli_ok("rollback", "backend")
        self.wait_live(first)
        self.wait_one_process()

    def test_what_it_holds(self):
        self.first_good()
        self.cli_ok("export", self.archive)
        with tarfile.open(self.archive) as archive:
            names = archive.getnames()
        self.assertIn("lastgood.db", names)
        self.assertIn("apps/backend/current", names)
        self.assertFalse([name for name in names if "repo.git" in name or "logs" in name])
        self.assertFalse(list(self.state.glob("archive-*")))

    def test_a_state_that_is_there_is_not_touched(self):
        commit = self.first_good()
        self.cli_ok("export", self.archive)
        done = self.cli("import", self.archive)
        self.assertEqual(1, done.returncode)
        self.assertIn("another lastgood runs on", done.stderr)
        self.daemon.stop()
        done = self.cli("import", self.archive)
        self.assertEqual(1, done.returncode)
        self.assertIn("there is a state already", done.stderr)
        self.daemon.start()
        self.wait_live(commit)

    def test_a_newer_ones_is_refused_and_nothing_is_left(self):
        self.first_good()
        self.cli_ok("export", self.archive)
        self.another_machine()
        place = self.folder / "unpacked"
        shutil.unpack_archive(self.archive, place)
        with contextlib.closing(sqlite3.connect(place / "lastgood.db")) as database:
            database.execute("PRAGMA user_version = 999")
        with tarfile.open(self.archive, "w:gz") as archive:
            for item in sorted(place.iterdir()):
                archive.add(item, item.name)
        done = self.cli("import", self.archive)
        self.assertEqual(1, done.returncode)
        self.assertIn("written by a newer lastgood", done.stderr)
        self.assertEqual(["lock"], [path.name for path in self.state.iterdir()])

    def test_what_is_no_export(self):
        self.write_config()
        done = self.cli("import", self.folder / "nothing.tar.gz")
        self.assertEqual(1, done.returncode)
        self.assertIn("nothing.tar.gz", done.stderr)
        self.archive.write_bytes(b"no archive")
        self.assertEqual(1, self.cli("import", self.archive).returncode)
        self.assertEqual(1, self.cli("export", self.folder / "x.tar.gz").returncode)


if __name__ == "__main__":
    unittest.main()
