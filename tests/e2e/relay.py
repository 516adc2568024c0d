"""git:// served by the git command, and a relay in front of a server that can stop in the middle."""

import contextlib
import os
import selectors
import socket
import subprocess
import threading

from harness import ENVIRONMENT, free_port, wait_until


class GitDaemon:
    """`git daemon` for the bare repositories in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()

    def __enter__(self):
        env = {**ENVIRONMENT, "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory",
               "GIT_CONFIG_VALUE_0": "*"}
        self.process = subprocess.Popen(
            ["git", "daemon", "--export-all", "--reuseaddr", f"--base-path={self.folder}",
             "--listen=127.0.0.1", f"--port={self.port}", str(self.folder)],
            env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )
        wait_until(lambda: accepts(self.port), "git daemon")
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait()


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Relay:
    """Forwards TCP to a port until hold(); then takes connections and says nothing."""

    def __init__(self, port):
        self.target = port
        self.connections = 0  # taken so far
        self._open = threading.Event()
        self._open.set()
        self._held = threading.Event()
        self._end = threading.Event()

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._open.set()
        self._listener.close()

    def hold(self):
        self._held.clear()
        self._open.clear()

    def wait_held(self):
        assert self._held.wait(10), "nobody came to the relay"

    def release(self):
        self._open.set()

    def _accept(self):
        while not self._end.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client):
        if not self._open.is_set():
            self._held.set()
            self._open.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self.target), 5)
        except OSError:
            client.close()
            return
        with selectors.DefaultSelector() as selector, client, server:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            left = 2
            while left and not self._end.is_set():
                for key, _ in selector.select(1):
                    try:
                        data = key.fileobj.recv(65536)
                        if data:
                            key.data.sendall(data)
                            continue
                        key.data.shutdown(socket.SHUT_WR)
                    except OSError:
                        return
                    selector.unregister(key.fileobj)
                    left -= 1
