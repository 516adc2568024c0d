"""A real etcd of several members, each on a machine of its own, and all that ever stood in it."""

import base64
import contextlib
import http.client
import json
import signal
import socket
import subprocess
import threading
import time

from harness import ENVIRONMENT, Timeout, wait_until

CLIENT_PORT, PEER_PORT = 2379, 2380


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


def text_of(encoded):
    return base64.b64decode(encoded or "").decode()


def after(prefix):
    """The end of the range that holds every key with this prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


class Member:
    def __init__(self, machine, name, folder):
        self.machine = machine
        self.name = name
        self.folder = folder
        self.url = f"http://{machine.address}:{CLIENT_PORT}"
        self.peer = f"http://{machine.address}:{PEER_PORT}"
        self.process = None
        self.stopped = False

    def start(self, members):
        argv = [
            "etcd", "--name", self.name, "--data-dir", str(self.folder / self.name),
            "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
            "--listen-peer-urls", self.peer, "--initial-advertise-peer-urls", self.peer,
            "--initial-cluster", ",".join(f"{one.name}={one.peer}" for one in members),
            "--logger", "zap", "--log-outputs", str(self.folder / f"{self.name}.log"),
        ]
        with self.machine.inside():
            self.process = subprocess.Popen(
                argv, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True,
            )

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None
        self.stopped = False

    def stop(self):
        """It is there and does nothing: a machine that swaps, a disk that hangs."""
        self.stopped = True
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)
        self.stopped = False


class Cluster:
    """Asked from the desk: one more machine of the network."""

    def __init__(self, machines, desk, folder):
        self.desk = desk
        self.members = [Member(machine, f"e{number}", folder)
                        for number, machine in enumerate(machines, 1)]
        self.start()

    def start(self):
        """Whoever is down, and waits until all agree on a leader."""
        for member in self.members:
            if member.process is None:
                member.start(self.members)
            elif member.stopped:
                member.go_on()
        wait_until(self._agree, "three members of etcd to agree", 30, every=0.1)

    def _agree(self):
        states = [self.state_of(member) for member in self.members]
        return None not in states and len({state["leader"] for state in states}) == 1

    def end(self):
        for member in self.members:
            if member.process:
                member.kill()

    def connect(self, member, timeout):
        with self.desk.inside():
            connection = http.client.HTTPConnection(member.machine.address, CLIENT_PORT, timeout=timeout)
            connection.connect()
        return connection

    def ask(self, member, path, body, timeout=1.5):
        """The answer, or None when there is none."""
        try:
            connection = self.connect(member, timeout)
            with contextlib.closing(connection):
                connection.request("POST", path, json.dumps(body))
                response = connection.getresponse()
                text = response.read()
                return json.loads(text) if response.status == 200 else None
        except (OSError, ValueError, http.client.HTTPException):
            return None

    def state_of(self, member):
        """{"id", "leader"} as the member sees it, with a leader; else None."""
        answer = self.ask(member, "/v3/maintenance/status", {})
        if not answer or int(answer.get("leader", 0)) == 0:
            return None
        return {"id": answer["header"]["member_id"], "leader": answer["leader"]}

    def leader(self):
        def look():
            for member in self.members:
                state = self.state_of(member)
                if state and state["id"] == state["leader"]:
                    return member
            return None
        return wait_until(look, "a leader of etcd", 15)

    def put(self, key, value, members=None):
        """At whichever member takes it; None when none did."""
        body = {"key": base64_of(key), "value": base64_of(value)}
        for member in members or self.members:
            answer = self.ask(member, "/v3/kv/put", body, timeout=0.3)  # many tries: it is timed
            if answer:
                return int(answer["header"]["revision"])
        return None

    def gap(self, without):
        """Seconds until the others take a write again."""
        others = [member for member in self.members if member is not without]
        begun = time.monotonic()
        wait_until(lambda: self.put("/probe", "x", others), "a write", 30)
        return time.monotonic() - begun


class Change:
    def __init__(self, event):
        pair = event["kv"]
        self.at = time.monotonic()
        self.revision = int(pair["mod_revision"])
        self.key = text_of(pair["key"])
        self.gone = event.get("type") == "DELETE"
        self.created = int(pair.get("create_revision", 0))
        self.value = None if self.gone else text_of(pair.get("value"))


class Recorder:
    """Every change below a prefix, in order, from etcd's own watch; and waiting for one."""

    def __init__(self, cluster, prefix):
        self.cluster = cluster
        self.prefix = prefix
        self.changes = []
        self.now = {}  # key without the prefix: its Change
        self._seen = 0
        self._changed = threading.Condition()
        self._ended = False
        self._connection = None
        self._member = cluster.members[0]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # ---- the watch
    def _run(self):
        while not self._ended:
            member = self._member
            try:
                self._watch(member)
            except (OSError, ValueError, AttributeError, KeyError, http.client.HTTPException):
                with self._changed:
                    if self._member is member:
                        members = self.cluster.members
                        self._member = members[(members.index(member) + 1) % len(members)]
                    self._changed.wait(0.1)  # not all at once to a member that is down

    def _watch(self, member):
        request = {"create_request": {
            "key": base64_of(self.prefix), "range_end": base64_of(after(self.prefix)),
            "start_revision": str(self._seen + 1),
        }}
        connection = self.cluster.connect(member, 2)
        with contextlib.closing(connection):
            connection.request("POST", "/v3/watch", json.dumps(request))
            self._connection = connection.sock
            response = connection.getresponse()
            self._connection.settimeout(None)  # a watch is silent as long as nothing happens
            while line := response.readline():
                self._take(json.loads(line)["result"])
        raise ConnectionResetError

    def _take(self, result):
        with self._changed:
            for event in result.get("events", []):
                change = Change(event)
                change.key = change.key.removeprefix(self.prefix)
                self.changes.append(change)
                self._seen = change.revision
                if change.gone:
                    self.now.pop(change.key, None)
                else:
                    self.now[change.key] = change
            self._changed.notify_all()

    def move(self, away_from):
        """Watches at another member: this one will go silent."""
        self._member = next(one for one in self.cluster.members if one is not away_from)
        self._hang_up()

    def _hang_up(self):
        with contextlib.suppress(OSError, AttributeError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def end(self):
        self._ended = True
        self._hang_up()
        self._thread.join(5)

    # ---- asking
    def value(self, key):
        change = self.now.get(key)
        return json.loads(change.value) if change else None

    def below(self, prefix):
        """{rest of the key: its value's text}"""
        return {key.removeprefix(prefix): change.value
                for key, change in list(self.now.items()) if key.startswith(prefix)}

    def wait(self, condition, what, timeout=30):
        """The first true value of condition(), asked again whenever something changed."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                value = condition()
                if value:
                    return value
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Timeout(f"waited {timeout:g} s for {what}")
                self._changed.wait(left)

    def replay(self, since=0):
        """For each revision after `since`: (revision, what changed, {key: Change} after it)."""
        state = {}
        with self._changed:
            changes = list(self.changes)
        begun = 0
        while begun < len(changes):
            end = begun
            while end < len(changes) and changes[end].revision == changes[begun].revision:
                change = changes[end]
                if change.gone:
                    state.pop(change.key, None)
                else:
                    state[change.key] = change
                end += 1
            if changes[begun].revision > since:
                yield changes[begun].revision, changes[begun:end], state
            begun = end

    def revision(self):
        return self._seen
