"""What lasts longer than a switch: uploads, answers that take their time, upgraded connections. The
release they came to goes on with them until they are over, or `drain` is."""

import contextlib
import os
import unittest

from harness import Case
from load import Connection

UPGRADE = b"GET /live HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"


class Lasting(Case):
    def setUp(self):
        super().setUp()
        self.gate = self.folder / "gate"
        self.app["drain"] = "60s"

    def connect(self):
        connection = Connection(self.app_port)
        self.addCleanup(connection.close)
        return connection

    def upgraded(self):
        connection = self.connect()
        connection.socket.sendall(UPGRADE)
        while b"\r\n\r\n" not in connection.buffer:
            connection._more()
        self.assertIn(b" 101 ", connection.buffer)
        return connection

    def said_back(self, connection, word):
        connection.socket.sendall(word)
        return connection.socket.recv(1000)

    def switch(self):
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)

    def test_uploads_long_answers_and_upgraded_connections_go_on(self):
        self.first_good(wait_for=str(self.gate))
        size = 4 << 20
        upload = self.connect()
        upload.socket.sendall(b"POST /upload HTTP/1.1\r\nHost: app\r\nContent-Length: %d\r\n\r\n" % size)
        upload.socket.sendall(b"x" * (size // 2))
        slow = self.connect()
        slow.socket.sendall(b"GET /wait HTTP/1.1\r\nHost: app\r\n\r\n")
        live = self.upgraded()
        self.assertEqual(b"v1 before", self.said_back(live, b"before"))

        self.switch()
        self.assertEqual("v2", self.version())
        self.assertEqual(b"v1 after", self.said_back(live, b"after"))
        self.assertEqual((str(size), False), upload.ask(b"x" * (size - size // 2)))
        self.gate.touch()
        self.assertEqual(("v1", False), slow.ask(b""))
        self.assertEqual(b"v1 still", self.said_back(live, b"still"))
        # The last connection has gone, and with it the release.
        live.close()
        self.wait_one_process()

    def test_drain_ends_them(self):
        self.app["drain"] = "300ms"
        self.app["stop"]["timeout"] = "300ms"
        self.first_good(term="ignore")
        live = self.upgraded()
        self.switch()
        self.wait_one_process()
        with contextlib.suppress(ConnectionResetError):
            self.assertEqual(b"", live.socket.recv(1000))

    def test_they_outlive_the_daemon_too(self):
        self.first_good()
        pid = self.status()["pid"]
        live = self.upgraded()
        self.daemon.kill()
        self.assertEqual(b"v1 between", self.said_back(live, b"between"))
        self.daemon.start()
        self.switch()
        self.assertEqual(b"v1 after", self.said_back(live, b"after"))
        os.kill(pid, 0)
        live.close()
        self.wait_one_process()


if __name__ == "__main__":
    unittest.main()
