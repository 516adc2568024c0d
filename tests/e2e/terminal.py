"""A program on a terminal: run in a pty, its picture kept by a terminal emulator (pyte)."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

import pyte

from harness import ENVIRONMENT, WAIT, Timeout


class Terminal:
    """`with Terminal(argv) as terminal: terminal.wait_for(lambda: …)`"""

    def __init__(self, argv, columns=100, rows=30, env=None):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.bytes = b""
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            [str(a) for a in argv],
            env={**ENVIRONMENT, "TERM": "xterm-256color", **(env or {})},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def read(self, seconds):
        """What came within so long; False at the end."""
        readable, _, _ = select.select([self.master], [], [], seconds)
        if not readable:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the other end is closed
            return False
        self.bytes += data
        self.stream.feed(data)
        return bool(data)

    @property
    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self):
        return "\n".join(self.lines).rstrip()

    def wait_for(self, condition, what, timeout=WAIT):
        deadline = time.monotonic() + timeout
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0 or not self.read(min(left, 0.5)):
                if condition():
                    return
                raise Timeout(f"{what} did not come:\n{self.text}\n{self.bytes[-500:]!r}")

    def end(self, number=None, timeout=WAIT):
        """Sends the signal, reads to the end; the exit code (negative: the signal's number)."""
        if number is not None:
            self.process.send_signal(number)
        deadline = time.monotonic() + timeout
        while self.read(0.5):
            if time.monotonic() > deadline:
                raise Timeout(f"it did not end:\n{self.text}")
        return self.process.wait(timeout)

    def press_ctrl_c(self):
        os.write(self.master, b"\x03")
