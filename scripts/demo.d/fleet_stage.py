"""The stage of scripts/demo-fleet: machines, hosts on them, and those who ask them."""

import collections
import contextlib
import http.client
import os
import pathlib
import socket
import subprocess
import sys
import textwrap
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import namespaces  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])
PYTHON = sys.executable
ENV = {
    **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TERM") if name in os.environ},
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}
BOLD, DIM, GREEN, RED, RESET = (
    ("\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m")
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else ("",) * 5
)
ZONES = {"web-1": "a", "web-2": "a", "web-3": "b", "web-4": "b", "web-5": "b"}


def title(text):
    print(f"\n{BOLD}{text}{RESET}", flush=True)


def say(text):
    print(f"  {text}", flush=True)


def wait_until(condition, what, timeout=20, every=0.05):
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise SystemExit(f"demo: waited {timeout} s for {what}")
        time.sleep(every)


class Loopback:
    """A machine that is none: an address of this one."""

    def __init__(self, address):
        self.address = address

    @contextlib.contextmanager
    def inside(self):
        yield self


class Place:
    """Machines on a network of their own, or else addresses of the loopback."""

    def __init__(self):
        self.why_not = namespaces.why_not()
        self.network = None if self.why_not else namespaces.Network()
        self.keepers = []

    def machine(self, number):
        if self.network:
            return self.network.machine(f"10.0.0.{number}")
        return Loopback(f"127.77.0.{number}")

    def port(self, machine, port):
        """That port, or on the loopback one that is free."""
        if self.network:
            return port
        with socket.socket() as probe:
            probe.bind((machine.address, 0))
            return probe.getsockname()[1]

    def keep(self, *machines):
        """Lets the network outlive this process: something has to run in it."""
        for machine in [self.network.switch, *machines] if self.network else []:
            with machine.inside():
                self.keepers.append(subprocess.Popen(
                    ["sleep", "infinity"], start_new_session=True, stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def close(self):
        if self.network:
            self.network.close()


class Host:
    def __init__(self, demo, name, number):
        self.name = name
        self.machine = demo.place.machine(number)
        self.folder = demo.folder / name
        self.folder.mkdir()
        self.hook_port = demo.place.port(self.machine, 8787)
        self.app_port = demo.place.port(self.machine, 3000)
        self.config = self.folder / "lastgood.yaml"
        self.config.write_text(textwrap.dedent(f"""\
            state_dir: {self.folder}/state
            runtime_dir: {self.folder}/run
            webhook:
              listen: {self.machine.address}:{self.hook_port}
              secret_file: {demo.secret}
            fleet:
              endpoints: ["{demo.etcd_url}"]
              group: web
              host: {name}
              labels: {{ zone: {ZONES[name]} }}
              rollout: {{ max_unavailable: 2, canary: 1, canary_soak: 4s }}
            apps:
              hello:
                repo: {demo.bare}
                branch: main
                webhook: {{ provider: standard }}
                run: ["{PYTHON}", "-S", "-E", "app.py"]
                listen: {self.machine.address}:{self.app_port}
                ready: {{ http: / }}
                probation: 1s
            """))
        self.daemon = None

    def start(self):
        self.ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ready.bind(str(self.folder / "notify"))
        with open(self.folder / "daemon.log", "wb") as log, self.machine.inside():
            self.daemon = subprocess.Popen(
                [PROGRAM, "--config", str(self.config), "serve"],
                env={**ENV, "NOTIFY_SOCKET": str(self.folder / "notify")}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )

    def wait_ready(self):
        with self.ready:
            self.ready.settimeout(20)
            try:
                while b"READY=1" not in self.ready.recv(4096):
                    pass
            except TimeoutError:
                raise SystemExit(f"demo: {self.name} did not start:\n{self.log()}") from None

    def log(self):
        return (self.folder / "daemon.log").read_text(errors="replace")

    def ask(self):
        """The version that answers there."""
        with self.machine.inside():
            connection = http.client.HTTPConnection(self.machine.address, self.app_port, timeout=10)
            with contextlib.closing(connection):
                connection.request("GET", "/", headers={"Connection": "close"})
                return connection.getresponse().read().decode().split(",")[0].split()[1]


class Users:
    """Somebody asks each host twenty times a second."""

    def __init__(self, hosts):
        self.counts = {host.name: collections.Counter() for host in hosts}
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(host,)) for host in hosts]
        for thread in self._threads:
            thread.start()

    def _ask(self, host):
        while not self._end.wait(0.05):
            try:
                self.counts[host.name][host.ask()] += 1
            except (OSError, IndexError, http.client.HTTPException):
                self.counts[host.name]["failed"] += 1

    def end(self):
        self._end.set()
        for thread in self._threads:
            thread.join()
