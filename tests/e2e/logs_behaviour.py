"""What the log says of a request, and how it looks."""

import os
import pty
import subprocess
import unittest

from harness import BINARY, ENVIRONMENT, Case, get


class Logs(Case):
    def test_a_request_can_be_followed_through_the_log(self):
        self.first_good()
        commit = self.repo.commit("v2")
        self.push(commit, delivery="the-delivery")
        number = self.wait_good(commit)["id"]
        log = self.daemon.log()
        self.assertRegex(log, rf"http backend \| delivery the-delivery from .*: deploy {commit}")
        self.assertIn(f"info backend | deployment {number}: webhook asks for commit {commit[:7]}, "
                      "by delivery the-delivery", log)
        self.assertIn(f"debug backend | deployment {number}: building commit {commit[:7]}", log)
        self.assertIn(f"info backend | deployment {number}: good", log)

    def test_logs_have_colours_on_a_terminal_alone(self):
        self.first_good()
        with self.assertRaises(OSError):
            get(self.app_port, "/crash")
        self.wait(lambda: "error backend | commit" in self.daemon.log(), "the crash in the log")
        ours, theirs = pty.openpty()
        try:
            done = subprocess.run(
                [BINARY, "--config", self.config_path, "logs", "backend", "--level", "error"],
                env={**ENVIRONMENT, "TERM": "xterm"}, stdin=subprocess.DEVNULL, stdout=theirs,
                timeout=20,
            )
            shown = os.read(ours, 64 * 1024).decode(errors="replace")
        finally:
            os.close(ours)
            os.close(theirs)
        self.assertEqual(0, done.returncode)
        self.assertIn("\x1b[", shown)
        self.assertIn("error backend", shown)
        self.assertNotIn("\x1b[", self.cli_ok("logs", "backend"))
        for file in (self.state / "logs").iterdir():
            self.assertNotIn(b"\x1b[", file.read_bytes(), file)


if __name__ == "__main__":
    unittest.main()
