"""What is drawn on a terminal: views that follow, and the progress of a deployment."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import unittest

from harness import BINARY, ENVIRONMENT, Case
from relay import GitDaemon
from terminal import Terminal

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"
CLEAR = b"\x1b[2J"


class Drip:
    """Forwards TCP to a port; what comes back comes slowly, until hurry()."""

    def __init__(self, port):
        self.target = port
        self._fast = threading.Event()

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.hurry()
        self._listener.close()

    def hurry(self):
        self._fast.set()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
                for pair in ((near, far, 0), (far, near, 0.05)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source, target, pause):
        with contextlib.suppress(OSError):
            while piece := source.recv(32768):
                target.sendall(piece)
                if pause:
                    self._fast.wait(pause)
            target.shutdown(socket.SHUT_WR)


class Watch(Case):
    def setUp(self):
        super().setUp()
        self.first = self.first_good()

    def watch(self, *words, **options):
        return Terminal([BINARY, "--config", self.config_path, *words, "--watch"], **options)

    def test_follows_what_happens_and_gives_the_terminal_back(self):
        with self.watch("status") as terminal:
            terminal.wait_for(lambda: self.first[:7] in terminal.text, "the first picture")
            self.assertTrue(terminal.bytes.startswith(ENTER + HIDE))
            self.assertTrue(terminal.screen.cursor.hidden)
            second = self.repo.commit("v2")
            self.push(second)
            terminal.wait_for(
                lambda: re.search(rf"{second[:7]} +Version v2", terminal.text), "the new commit"
            )
            self.assertEqual(1, terminal.bytes.count(CLEAR), "only the first picture clears")
            for frame in terminal.bytes.split(b"\x1b[H")[2:]:
                self.assertNotIn(b"\n\n", frame)
                self.assertIn(b"\x1b[K", frame)
            terminal.press_ctrl_c()
            self.assertEqual(-signal.SIGINT, terminal.end())
            self.assertTrue(terminal.bytes.endswith(SHOW + LEAVE), terminal.bytes[-80:])
            self.assertFalse(terminal.screen.cursor.hidden)

    def test_gives_the_terminal_back_on_term(self):
        with self.watch("history") as terminal:
            terminal.wait_for(lambda: "Version v1" in terminal.text, "the first picture")
            self.assertEqual(-signal.SIGTERM, terminal.end(signal.SIGTERM))
            self.assertTrue(terminal.bytes.endswith(SHOW + LEAVE), terminal.bytes[-80:])

    def test_lends_the_terminal_to_the_shell_while_it_is_stopped(self):
        with self.watch("status") as terminal:
            terminal.wait_for(lambda: self.first[:7] in terminal.text, "the first picture")
            drawn = len(terminal.bytes)
            # Without a shell above it nothing is stopped: it goes on at once.
            terminal.process.send_signal(signal.SIGTSTP)
            terminal.wait_for(
                lambda: SHOW + LEAVE + ENTER + HIDE in terminal.bytes[drawn:], "the shell's turn"
            )
            drawn = len(terminal.bytes)
            terminal.wait_for(
                lambda: self.first[:7].encode() in terminal.bytes[drawn:], "the view to be back"
            )

    def test_fits_the_window_also_when_that_changes(self):
        with self.watch("status", columns=120) as terminal:
            terminal.wait_for(lambda: "LAST DEPLOYMENT" in terminal.text, "the whole table")
            terminal.resize(50, 10)
            terminal.wait_for(
                lambda: len(terminal.lines) == 10 and "STATE" in terminal.lines[0]
                and "LAST DEPLOYMENT" not in terminal.text
                # The picture before was broken by the window, until all of this one is there.
                and self.first[:7] in terminal.lines[1] and not terminal.lines[2],
                "the narrow one, with no line broken",
            )

    def test_waits_for_a_daemon_that_went_away(self):
        with self.watch("status") as terminal:
            terminal.wait_for(lambda: self.first[:7] in terminal.text, "the first picture")
            self.daemon.stop()
            terminal.wait_for(lambda: "nobody answers" in terminal.text, "that it is away")
            self.daemon.start()
            terminal.wait_for(
                lambda: "nobody answers" not in terminal.text and "running" in terminal.text,
                "it to be back",
            )

    def test_prints_an_object_a_line_where_no_terminal_is(self):
        process = subprocess.Popen(
            [BINARY, "--config", self.config_path, "history", "-n", "1", "--watch", "--json"],
            env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )
        try:
            (row,) = json.loads(process.stdout.readline())["deployments"]
            self.assertEqual(self.first, row["commit"])
            second = self.repo.commit("v2")
            self.push(second)
            while (row["commit"], row["outcome"]) != (second, "good"):
                line = process.stdout.readline()
                self.assertTrue(line, "it ended")
                (row,) = json.loads(line)["deployments"]
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def test_colours_are_for_terminals_that_want_them(self):
        for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
            with Terminal([BINARY, "--config", self.config_path, "status"], env=env) as terminal:
                self.assertEqual(0, terminal.end())
                self.assertEqual(coloured, b"\x1b[" in terminal.bytes, env)
                self.assertIn("running", terminal.text)

    def test_is_told_like_others_when_nobody_answers_from_the_start(self):
        self.daemon.stop()
        done = self.cli("status", "--watch")
        self.assertEqual(3, done.returncode, done.stderr)
        self.assertIn("lastgood help LG-no-daemon", done.stderr)


class Progress(Case):
    def setUp(self):
        super().setUp()
        self.gate = self.folder / "gate"
        self.app["build"] = [
            "true",
            f"echo compiling the login; while [ ! -e {self.gate} ]; do sleep 0.05; done",
        ]

    def deploy(self, **options):
        self.repo.commit("v1")
        self.serve()
        return Terminal([BINARY, "--config", self.config_path, "deploy", "backend"], **options)

    def test_a_line_tells_step_time_and_output(self):
        with self.deploy() as terminal:
            terminal.wait_for(
                lambda: re.search(r"building \d\.0s  step 2 of 2: echo compiling the login; wh\S*  \| compiling the login",
                                  terminal.text),
                "the step's line",
            )
            lines = len(terminal.text.splitlines())
            terminal.wait_for(lambda: "building 2.0s" in terminal.text, "its time to go on")
            self.assertEqual(lines, len(terminal.text.splitlines()), "it stays one line")
            self.gate.touch()
            self.assertEqual(0, terminal.end())
            self.assertNotIn("compiling", terminal.text, "the line is gone at the end")
            self.assertRegex(terminal.text, r"good after")
            self.assertRegex(terminal.text, r"building [^,]+ \(\d files, [\d.]+ ?KB\)")

    def test_a_narrow_or_dumb_terminal_stays_whole(self):
        with self.deploy(columns=40) as terminal:
            terminal.wait_for(lambda: "step 2 of 2" in terminal.text, "the step's line")
            self.gate.touch()
            self.assertEqual(0, terminal.end())
        self.gate.unlink()
        self.repo.commit("v2")
        with Terminal([BINARY, "--config", self.config_path, "deploy", "backend"],
                      env={"TERM": "dumb"}) as terminal:
            terminal.wait_for(lambda: "building" in terminal.text, "the phase")
            self.gate.touch()
            self.assertEqual(0, terminal.end())
            self.assertNotIn(b"\x1b", terminal.bytes)
            self.assertNotIn("step", terminal.text)

    def test_elsewhere_there_is_a_line_for_each_phase(self):
        self.gate.touch()
        self.repo.commit("v1")
        self.serve()
        out = self.cli_ok("deploy", "backend")
        self.assertNotRegex(out, r"[\x1b\r]")
        self.assertNotIn("step", out)
        for phase in ("fetching", "building", "starting", "probation"):
            self.assertEqual(1, len(re.findall(rf"^ +\+\S+ .* {phase}\b", out, re.M)), out)

    def test_ctrl_c_leaves_the_deployment_alone(self):
        with self.deploy() as terminal:
            terminal.wait_for(lambda: "step 2 of 2" in terminal.text, "the step's line")
            terminal.press_ctrl_c()
            self.assertEqual(130, terminal.end())
            self.assertIn("goes on", terminal.text)
        self.gate.touch()
        self.wait_good(self.repo.tip())

    def test_a_fetch_tells_what_came(self):
        with GitDaemon(self.folder) as server, Drip(server.port) as slow:
            self.app["repo"] = f"git://127.0.0.1:{slow.port}/backend.git"
            for number in range(30):  # so many that there is something between none and all
                (self.repo.work / f"blob{number}").write_bytes(os.urandom(100_000))
            self.gate.touch()
            with self.deploy() as terminal:
                terminal.wait_for(
                    lambda: re.search(r"fetching [\d.]+m?s  \d+% of \d+ objects, [\d.]+ ?[KM]B", terminal.text),
                    "what came so far",
                )
                slow.hurry()
                self.assertEqual(0, terminal.end())
                self.assertRegex(terminal.text, r"fetching [^,]+ \(\d+ objects, [\d.]+ ?[KM]B\)")


if __name__ == "__main__":
    unittest.main()
