"""Apps of one repository, each behind a relay and with credentials of its own, that meet one
trouble after the other, side by side, while their users go on asking."""

import concurrent.futures
import os
import pathlib
import threading
import time

import webhooks
from bad_remotes import BadRelay
from harness import SECRET, Case, free_port, get, processes_of, run, wait_until

FETCH_TIMEOUT = 3
# What a busy machine may add before a command that failed in time has told so.
SLACK = 10
LATE = f"took longer than {FETCH_TIMEOUT}.0s and was ended"
BIG = 300_000  # bytes of the next commit that can't be packed any smaller


class Visitors:
    """Ask every app again and again; each must be answered, and by the same process."""

    def __init__(self, ports):
        self.ports = ports
        self.faults = []
        self.answers = 0
        self._end = threading.Event()
        self._first = {}

    def __enter__(self):
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _ask(self):
        while not self._end.wait(0.1):
            for name, port in self.ports.items():
                try:
                    answer = get(port, timeout=20)
                except OSError as failure:
                    answer = repr(failure)
                self.answers += 1
                first = self._first.setdefault(name, answer)
                if answer != first or answer[0] != 200:
                    self.faults.append((name, first, answer))


class AppBehindRelay:
    def __init__(self, name, folder, relay):
        self.name = name
        self.folder = folder / name
        self.folder.mkdir()
        self.relay = relay
        self.port = free_port()

    def write(self, key, text):
        """A file of `auth`; it is read anew by each fetch."""
        path = self.folder / key
        path.write_text(text)
        path.chmod(0o600)


class Servers(Case):
    """A class has a `server`, the url of an app, and the files of its `auth` when all is right."""

    transport = "git"
    names = ("backend", "second", "third")  # the first is that of every other test

    def start_server(self):
        raise NotImplementedError

    def url(self, app):
        raise NotImplementedError

    def right_files(self, app):  # key of auth: content
        return {}

    def setUp(self):
        super().setUp()
        self.first = self.repo.commit("v1")
        self.server = self.start_server()
        self.apps = []
        template = self.config["apps"].pop("backend")
        for name in self.names:
            relay = self.enterContext(BadRelay(self.server.port))
            app = AppBehindRelay(name, self.folder, relay)
            self.apps.append(app)
            self.config["apps"][name] = {
                **template, "repo": self.url(app), "listen": f"127.0.0.1:{app.port}",
                "poll": "off", "fetch_timeout": f"{FETCH_TIMEOUT}s", "transport": self.transport,
                "probation": "100ms",
                "auth": {**template.get("auth", {}), **self.auth(app)},
            }
            self.set_right(app)

    def auth(self, app):
        return {key: str(app.folder / key) for key in self.right_files(app)}

    def set_right(self, app):
        app.relay.target = self.server.port
        app.relay.mend()
        for key, text in self.right_files(app).items():
            app.write(key, text)

    def push_to_all(self, commit):
        for app in self.apps:
            status, body = webhooks.github(self.hook_port, app.name, SECRET, commit)
            self.assertIn(status, (200, 202), body)

    def wait_good_all(self, commit):
        for app in self.apps:
            self.wait_good(commit, app.name)

    # ---- the whole way
    def outlives(self, troubles):
        """Each trouble: its name, what begins it at an app, and what must be told of it."""
        self.serve()
        self.push_to_all(self.first)
        self.wait_good_all(self.first)
        wanted = self.commit_big("v2")
        with Visitors({app.name: app.port for app in self.apps}) as visitors:
            with concurrent.futures.ThreadPoolExecutor(len(self.apps)) as pool:
                shares = [troubles[i :: len(self.apps)] for i in range(len(self.apps))]
                told = pool.map(self.suffer, self.apps, shares, [wanted] * len(self.apps))
                self.assertEqual([], [fault for faults in told for fault in faults])
            wait_until(lambda: not self.fetchers(), "the end of every fetch", timeout=5)
            for app in self.apps:
                self.assertEqual(self.first, self.status(app.name)["commit"])
            asked = visitors.answers
            wait_until(lambda: visitors.answers >= asked + len(self.apps), "answers to users")
        self.assertEqual([], visitors.faults[:5])
        self.recovers()

    def commit_big(self, version):
        (self.repo.work / "big").write_bytes(os.urandom(BIG))
        return self.repo.commit(version)

    def suffer(self, app, troubles, commit):
        faults = []
        for name, begin, words in troubles:
            for attempt in range(3):
                self.set_right(app)
                begin(app)
                begun = time.monotonic()
                done = self.cli("deploy", app.name, commit)
                took = time.monotonic() - begun
                told = " ".join((done.stdout + done.stderr).split())
                # A machine that is too slow for the deadline proves nothing.
                if LATE not in told or LATE in words:
                    break
            # Of several words in a tuple one is enough.
            missing = [word for word in words
                       if not any(one in told for one in ([word] if isinstance(word, str) else word))]
            if done.returncode == 0 or missing or took > FETCH_TIMEOUT + SLACK:
                faults.append((app.name, name, f"{took:.1f} s", missing, told))
            if app.relay.unmet():
                faults.append((app.name, name, "never came so far", told))
        self.set_right(app)
        return faults

    def fetchers(self):
        """Workers, and what git has started to fetch."""
        found = []
        children = f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children"
        for pid in pathlib.Path(children).read_text("ascii").split():
            command = self.proc(pid, "cmdline").replace(b"\0", b" ")
            if b" git-worker" in command:
                found.append((pid, command))
        for pid, command in processes_of(self.folder).items():
            if b"core.sshCommand" in self.proc(pid, "environ"):
                found.append((pid, command))
        return found

    @staticmethod
    def proc(pid, name):
        try:
            return pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
        except OSError:
            return b""

    def recovers(self):
        """A push meets a broken server, which is mended then: the push need not come again."""
        commit = self.repo.commit("v3")
        for app in self.apps:
            app.relay.close_after(0)
        self.push_to_all(commit)
        for app in self.apps:
            self.wait(
                lambda app=app: any(app.name in line and "trying again in" in line
                                    for line in self.daemon.log().splitlines()),
                f"another try for {app.name}",
            )
            app.relay.mend()
        self.wait_good_all(commit)
        for app in self.apps:
            self.assertTrue(get(app.port)[1].startswith("v3 "), app.name)
            mirror = self.state / "apps" / app.name / "repo.git"
            checked = run("git", "-c", "safe.directory=*", "--git-dir", mirror, "fsck", "--full")
            self.assertEqual(0, checked.returncode, checked.stderr)
            self.assertEqual([], self.litter(mirror))
        self.assertEqual([], list(self.state.glob("apps/*/repo.git.damaged-*")))

    @staticmethod
    def litter(mirror):
        return [str(path) for path in (mirror / "objects").rglob("*")
                if path.name.startswith("tmp_") or "_git2_" in path.name]
