"""Five hosts and three members of etcd, each a machine of its own on one network; everything real."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import tempfile
import threading
import time

import webhooks
from etcd_cluster import Cluster, Recorder
from harness import APP_COMMAND, SECRET, Daemon, Repo, UnixConnection, wait_until
from namespaces import Network

GROUP = "/lastgood/web/"
HOOK_PORT, APP_PORT = 8787, 3000
AT_ONCE = 2  # max_unavailable
FOLDER = "../../../../.."  # of a host, from where a release runs


class Host:
    def __init__(self, world, name, zone, address):
        self.name = name
        self.zone = zone
        self.network = world.network
        self.machine = world.network.machine(address)
        self.folder = world.folder / name
        self.folder.mkdir()
        self.daemon = None
        self.away = []  # [from, to] of this machine's clock: powered off
        secret = self.folder / "secret"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        self.config_path = self.folder / "lastgood.yaml"
        self.config_path.write_text(json.dumps({
            "state_dir": str(self.folder / "state"), "runtime_dir": str(self.folder / "run"),
            "webhook": {"listen": f"0.0.0.0:{HOOK_PORT}", "secret_file": str(secret)},
            "log": {"level": "debug"},
            "fleet": {"endpoints": [member.url for member in world.etcd.members], "group": "web",
                      "host": name, "labels": {"zone": zone},
                      "rollout": {"max_unavailable": AT_ONCE, "canary": 1, "canary_soak": "1s"}},
            "apps": {"backend": {
                "repo": str(world.repo.path), "run": APP_COMMAND, "poll": "1h", "probation": "500ms",
                "listen": f"0.0.0.0:{APP_PORT}", "ready": {"http": "/", "within": "40s"},
                "stop": {"timeout": "2s"}, "crash_loop": {"crashes": 2, "within": "60s"},
                "restart": {"backoff": "20ms", "backoff_max": "200ms"}}},
        }))
        self.config_path.chmod(0o600)

    def start(self):
        self.network.plug(self.machine)
        with self.machine.inside():
            self.daemon = Daemon(self.config_path, self.folder)
            self.daemon.start()
        if self.away and self.away[-1][1] is None:
            wait_until(self.answers, f"the app on {self.name}", 30)
            self.away[-1][1] = time.monotonic()

    def processes(self):
        """Whatever runs on this machine."""
        inode = os.fstat(self.machine.descriptor).st_ino
        found = []
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if entry.isdigit() and os.stat(f"/proc/{entry}/ns/net").st_ino == inode:
                    found.append(int(entry))
        return [pid for pid in found if pid != os.getpid()]

    def power_off(self):
        """The daemon, its children and the apps, at once: not a word of it gets out."""
        self.away.append([time.monotonic(), None])
        self.network.pull(self.machine)
        while running := self.processes():
            for pid in running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if self.daemon:
                self.daemon.process.poll()
        if self.daemon:
            self.daemon.process.wait()
        self.daemon = None

    def open_gate(self, version):
        """That version may be ready here."""
        (self.folder / f"gate-{version}").touch()

    # ---- asking it alone
    def api(self, path):
        connection = UnixConnection(self.folder / "run" / "control.sock")
        with contextlib.closing(connection):
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())

    def status(self):
        return self.api("/v1/apps/backend")

    def deployments(self, commit):
        return [row for row in self.api("/v1/apps/backend/history?count=200")["deployments"]
                if row["commit"] == commit]

    def ran(self, commit):
        """How often that commit was started here."""
        return len([row for row in self.deployments(commit)
                    if row["phases_ms"].get("starting") is not None])

    def answers(self):
        """What a user on this machine gets, or None."""
        with self.machine.inside():
            connection = http.client.HTTPConnection("127.0.0.1", APP_PORT, timeout=10)
            try:
                connection.request("GET", "/", headers={"Connection": "close"})
                response = connection.getresponse()
                text = response.read().decode()
                return text.split(" ")[0] if response.status == 200 else None
            except (OSError, http.client.HTTPException):
                return None
            finally:
                connection.close()

    def push(self, commit, delivery=None):
        with self.machine.inside():
            return webhooks.github(HOOK_PORT, "backend", SECRET, commit, delivery=delivery)

    def was_away(self, moment):
        return any(begun - 0.2 <= moment and (end is None or moment <= end)
                   for begun, end in self.away)


class Users:
    """On every host one who asks the app ten times a second, whatever happens."""

    def __init__(self, hosts):
        self.answered = 0
        self.refused = []  # (host, when): not while its machine was off
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(host,)) for host in hosts]
        for thread in self._threads:
            thread.start()

    def _ask(self, host):
        while not self._end.wait(0.1):
            begun = time.monotonic()
            if host.answers():
                self.answered += 1
            elif not host.was_away(begun) and not host.was_away(time.monotonic()):
                self.refused.append((host.name, begun))

    def end(self):
        self._end.set()
        for thread in self._threads:
            thread.join()


class World:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lastgood-fleetnet-"))
        self.folder.chmod(0o755)
        self.hosts = []
        self.etcd = self.records = None
        self.network = Network()
        try:
            self._build()
        except BaseException:
            self.end()
            raise

    def _build(self):
        desk = self.network.machine("10.0.0.100")
        members = [self.network.machine(f"10.0.0.{10 + number}") for number in (1, 2, 3)]
        self.etcd = Cluster(members, desk, self.folder)
        self.records = Recorder(self.etcd, GROUP)
        self.repo = Repo(self.folder, "backend")
        self.hosts = [Host(self, f"h{number}", zone, f"10.0.0.{number}")
                      for number, zone in enumerate("aabbb", 1)]
        for host in self.hosts:
            host.start()
        self.wait_members()
        self.good = self.repo.commit("v0")
        self.version = 0
        status, body = self.hosts[0].push(self.good)
        if status != 202:
            raise AssertionError(f"the first push was answered {status} {body}")
        self.wait_rollout("done", self.good)

    def end(self):
        for host in self.hosts:
            if host.daemon and host.daemon.running():
                with contextlib.suppress(AssertionError):
                    host.daemon.stop()
            host.daemon = None
            host.power_off()
        if self.records:
            self.records.end()
        if self.etcd:
            self.etcd.end()
        self.network.close()
        if not os.environ.get("LASTGOOD_E2E_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- what happens
    def next_commit(self, gated=False, **behaviour):
        """With `gated` it gets ready on a host only when the host's gate is open."""
        self.version += 1
        if gated:
            behaviour["ready_gate"] = f"{FOLDER}/gate-{self.version}"
        return self.repo.commit(f"v{self.version}", **behaviour)

    def host(self, name):
        return next(host for host in self.hosts if host.name == name)

    def others(self, *names):
        return [host for host in self.hosts if host.name not in names]

    def controller(self):
        change = self.records.now.get("election/controller")
        return self.host(change.value) if change else None

    def grants(self):
        return set(self.records.below("apps/backend/grants/"))

    def wait_members(self, timeout=40):
        names = {f"hosts/{host.name}" for host in self.hosts}
        self.records.wait(lambda: names <= set(self.records.now) and self.controller(),
                          "five hosts and a controller", timeout)

    def rollout(self, commit=None):
        """Of that commit, or none."""
        wish = self.records.value("apps/backend/wish") or {}
        rollout = self.records.value("apps/backend/rollout") or {}
        right = commit is None or wish.get("commit") == commit
        return rollout if right and rollout.get("wish") == wish.get("id") else {}

    def wait_rollout(self, state, commit, timeout=45):
        return self.records.wait(lambda: self.rollout(commit).get("state") == state and self.rollout(commit),
                                 f"a rollout of {commit[:7]} that is {state}", timeout)

    def wait_on(self, commit, hosts=None, timeout=45):
        """Each host says so itself, in etcd and to its operator."""
        for host in hosts or self.hosts:
            key = f"hosts/{host.name}/apps/backend"
            def there(key=key):
                told = self.records.value(key) or {}
                return told.get("commit") == commit and not told.get("busy")
            self.records.wait(there, f"{host.name} on {commit[:7]}", timeout)
            wait_until(lambda host=host: host.status()["last_good"] == commit, f"{host.name}'s word", 5)

    def push_into_a_wave(self, of_zone="b"):
        """A push in the middle of a wave of that zone: (commit, hosts that are at it). Their gates
        are shut, so that they are until the test opens them."""
        commit = self.next_commit(gated=True)
        controller = self.controller()
        door = next(host for host in self.hosts if host is not controller)
        status, body = door.push(commit)
        if status != 202:
            raise AssertionError(f"answered {status} {body}")

        def look():
            at_it = [self.host(name) for name in self.grants()]
            if self.rollout(commit).get("state") == "waves" and len(at_it) == AT_ONCE \
                    and all(host.zone == of_zone for host in at_it):
                return at_it
            for host in at_it:
                if host.zone != of_zone or self.rollout(commit).get("state") == "canary":
                    host.open_gate(self.version)
            return None

        at_it = self.records.wait(look, f"a wave of zone {of_zone}")
        for host in at_it:
            wait_until(lambda host=host: (host.status().get("deployment") or {}).get("phase") == "starting",
                       f"{host.name} to start {commit[:7]}", 10)
        return commit, at_it

    def open_gates(self, hosts=None):
        for host in hosts or self.hosts:
            host.open_gate(self.version)

    def heal(self):
        """Everything runs and is joined; the hosts are on the fleet's last good."""
        self.etcd.start()
        self.open_gates()
        for host in self.hosts:
            self.network.plug(host.machine)
        for host in self.hosts:
            if host.daemon is None:
                host.start()
        self.wait_members()
        self.records.wait(lambda: self.rollout().get("state") in ("done", "halted") and not self.grants(),
                          "a rollout that has ended")
        self.wait_on(self.records.value("apps/backend/good")["commit"])

    # ---- what must hold at every revision
    def broken_rules(self, since):
        """What the record of etcd says against the rules; and the most grants at once."""
        broken, most = [], 0
        for revision, changes, state in self.records.replay(since):
            granted = {key.rpartition("/")[2]: json.loads(change.value) for key, change in state.items()
                       if key.startswith("apps/backend/grants/")}
            standing = [name for name in granted if self._stands(state, name)]
            most = max(most, len(standing))
            if len(standing) > AT_ONCE:
                broken.append(f"revision {revision}: {sorted(granted)} at once")
            zones = {self.host(name).zone for name, grant in granted.items() if not grant.get("back")}
            if len(zones) > 1:
                broken.append(f"revision {revision}: {sorted(granted)} are of {len(zones)} zones")
            elected = state.get("election/controller")
            for change in changes:
                if change.key == "apps/backend/rollout" and not change.gone:
                    epoch = json.loads(change.value)["epoch"]
                    if not elected or epoch != elected.created:
                        broken.append(f"revision {revision}: written by epoch {epoch}, not the elected")
        return broken, most

    def _stands(self, state, name):
        """A host that is down already costs nothing more."""
        told = state.get(f"hosts/{name}/apps/backend")
        return told is None or json.loads(told.value)["health"] != "down"
