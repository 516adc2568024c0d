"""What every end-to-end test stands on: a world of its own (folder, ports, repositories, daemon),
and waiting for what happens instead of for time to pass.

    class Push(Case):
        def test_a_push_goes_live(self):
            commit = self.repo.commit("v1")
            self.serve()
            self.push(commit)
            self.wait_live(commit)
"""

import contextlib
import fcntl
import http.client
import json
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import webhooks

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.path.abspath(os.environ.get("LASTGOOD", ROOT / "build" / "release" / "lastgood"))
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else shutil.which("python3")
APP_COMMAND = [PYTHON, "-S", "-E", "app.py"]
SECRET = "an end-to-end secret of 32 letters"
WAIT = float(os.environ.get("LASTGOOD_E2E_WAIT", "20"))
# Only what git and the program need: nothing of the developer's machine changes a test.
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    **{name: os.environ[name] for name in ("LSAN_OPTIONS",) if name in os.environ},
}


def text_of(path):
    """What a file holds that somebody else writes: nothing as long as it isn't there."""
    return path.read_text(errors="replace") if path.exists() else ""


def free_port():
    """For whoever listens there later. None of those that the kernel gives to connections by itself, and
    never one that another test has, also before its owner listens: a socket's name says so, as long as
    this process lives."""
    while True:
        port = random.randrange(10_000, 32_768)
        with socket.socket(socket.AF_UNIX) as name, socket.socket() as probe, contextlib.suppress(OSError):
            name.bind(f"\0lastgood-test-port-{port}")
            probe.bind(("0.0.0.0", port))
            fcntl.fcntl(name, fcntl.F_DUPFD_CLOEXEC, 500)  # not among those that a shell can name
            return port


class Timeout(AssertionError):
    pass


def wait_until(condition, what, timeout=None, every=0.02):
    """The first true value of condition(), looked at often, for a bounded time."""
    deadline = time.monotonic() + (timeout or WAIT)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Timeout(f"waited {timeout or WAIT:g} s for {what}")
        time.sleep(every)


def run(*argv, env=None, timeout=60, **options):
    """A command to its end: CompletedProcess with text."""
    return subprocess.run(
        [str(a) for a in argv],
        env={**ENVIRONMENT, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        **options,
    )


def processes_of(folder):
    """{pid: command line} of what runs from or for `folder`; zombies are not alive."""
    found = {}
    wanted = os.fsencode(str(folder))
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as file:
                if file.read().rpartition(b")")[2].split()[0] in (b"Z", b"X"):
                    continue
            with open(f"/proc/{entry}/environ", "rb") as file:
                environ = file.read()
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                command = file.read()
        except OSError:
            continue
        if wanted + b"/" in environ or wanted + b"/" in command:
            found[int(entry)] = command.replace(b"\0", b" ").decode(errors="replace").strip()
    return found


class Repo:
    """A bare repository that tests commit to, as a push would."""

    def __init__(self, folder, name):
        self.path = folder / f"{name}.git"
        self.work = folder / f"{name}.work"
        self.work.mkdir(parents=True)
        self.git("init", "-q", "--bare", "-b", "main", self.path, bare=False)

    def git(self, *arguments, bare=True):
        env = {"GIT_DIR": str(self.path), "GIT_WORK_TREE": str(self.work)} if bare else {}
        env.update(
            GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*"
        )
        done = run("git", *arguments, env=env)
        if done.returncode != 0:
            raise AssertionError(f"git {arguments}: {done.stderr}")
        return done.stdout.strip()

    def commit(self, version, branch="main", files=None, subject=None, **behaviour):
        """Commits the app with this behaviour on the branch's tip and moves the branch there."""
        shutil.copy(ROOT / "tests" / "e2e" / "app" / "server.py", self.work / "app.py")
        (self.work / "behaviour.json").write_text(json.dumps({"version": version, **behaviour}))
        for name, text in (files or {}).items():
            (self.work / name).parent.mkdir(parents=True, exist_ok=True)
            (self.work / name).write_text(text)
        self.git("add", "-A")
        tree = self.git("write-tree")
        ref = f"refs/heads/{branch}"
        tip = self.tip(branch)
        parent = ["-p", tip] if tip else []
        commit = self.git("commit-tree", tree, *parent, "-m", subject or f"Version {version}")
        self.git("update-ref", ref, commit)
        return commit

    def tip(self, branch="main"):
        done = run("git", "-C", self.path, "-c", "safe.directory=*", "rev-parse", "-q", "--verify",
                   f"refs/heads/{branch}")
        return done.stdout.strip() or None

    def set_tip(self, commit, branch="main"):
        self.git("update-ref", f"refs/heads/{branch}", commit)


class Daemon:
    """`lastgood serve` with its log kept; told ready by sd_notify, as systemd is told."""

    def __init__(self, config, folder, env=None, prefix=()):
        self.folder = folder
        self.log_path = folder / "daemon.log"
        self.notify_path = str(folder / "notify")
        self.argv = [*prefix, BINARY, "--config", str(config), "serve"]
        self.env = {**ENVIRONMENT, **(env or {})}
        self.process = None
        self.pass_fds = ()
        self.kept = {}  # sockets by name that the service manager was asked to keep

    def start(self, wait_ready=True):
        if not self.pass_fds:
            self.forget()  # else nobody would answer on what is kept
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.notify_path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
            notified.bind(self.notify_path)
            os.chmod(self.notify_path, 0o777)
            with open(self.log_path, "ab") as log:
                self.process = subprocess.Popen(
                    self.argv,
                    env={**self.env, "NOTIFY_SOCKET": self.notify_path},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=self.pass_fds,
                )
            if wait_ready:
                self._wait_ready(notified)
        return self

    def _wait_ready(self, notified):
        pidfd = os.pidfd_open(self.process.pid)
        try:
            deadline = time.monotonic() + WAIT
            while True:
                left = max(0, deadline - time.monotonic())
                readable, _, _ = select.select([notified, pidfd], [], [], left)
                if notified in readable:
                    text, fds, _, _ = socket.recv_fds(notified, 4096, 4)
                    told = dict(line.split("=", 1) for line in text.decode().split("\n") if line)
                    for fd in fds:
                        self._keep(told.get("FDNAME", ""), fd)
                    if "READY" in told:
                        return
                elif pidfd in readable:
                    raise AssertionError(f"the daemon ended: {self.log()}")
                elif not readable:
                    raise Timeout(f"the daemon did not get ready: {self.log()}")
        finally:
            os.close(pidfd)

    def _keep(self, name, fd):
        if name in self.kept:
            os.close(fd)  # the service manager, too, keeps one of each
        else:
            self.kept[name] = socket.socket(fileno=fd)

    def forget(self):
        for kept in self.kept.values():
            kept.close()
        self.kept.clear()

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """TERM; the exit code."""
        self.process.terminate()
        try:
            return self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Timeout(f"the daemon did not end on TERM: {self.log()[-4000:]}") from None

    def log(self):
        return text_of(self.log_path)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=10):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def get(port, path="/", host="127.0.0.1", timeout=5):
    """(status, text) of one request over a new connection."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    finally:
        connection.close()


class Case(unittest.TestCase):
    """One world for each test: folder, repository `backend`, config, daemon."""

    maxDiff = None
    listen = True  # lastgood holds the app's port

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lastgood-e2e-"))
        self.folder.chmod(0o755)
        self.addCleanup(self._end)
        self.repo = Repo(self.folder, "backend")
        self.config_path = self.folder / "lastgood.yaml"
        self.state = self.folder / "state"
        self.runtime = self.folder / "run"
        self.hook_port = free_port()
        self.app_port = free_port()
        self.daemon = None
        self.config = self.default_config()

    # ---- the world
    def default_config(self):
        (self.folder / "secret").write_text(SECRET + "\n")
        (self.folder / "secret").chmod(0o600)
        return {
            "state_dir": str(self.state),
            "runtime_dir": str(self.runtime),
            "webhook": {
                "listen": f"127.0.0.1:{self.hook_port}",
                "secret_file": str(self.folder / "secret"),
            },
            "log": {"level": "debug"},
            "apps": {"backend": self.app_config()},
        }

    def app_config(self):
        app = {
            "repo": str(self.repo.path),
            "branch": "main",
            "run": APP_COMMAND,
            "poll": "1h",
            "probation": "300ms",
            "ready": {"http": "/", "within": "10s"},
            "stop": {"timeout": "2s"},
            "crash_loop": {"crashes": 3, "within": "60s"},
            "restart": {"backoff": "20ms", "backoff_max": "200ms"},
        }
        if self.listen:
            app["listen"] = f"127.0.0.1:{self.app_port}"
        else:
            app["ready"]["http"] = f"http://127.0.0.1:{self.app_port}/"
        return app

    @property
    def app(self):
        return self.config["apps"]["backend"]

    def write_config(self):
        self.config_path.write_text(json.dumps(self.config, indent=2))
        self.config_path.chmod(0o600)

    def serve(self, wait_ready=True, **options):
        self.write_config()
        self.daemon = Daemon(self.config_path, self.folder, **options)
        return self.daemon.start(wait_ready)

    def serve_and_look(self):
        """The daemon runs, and its poller has found the repository without the branch."""
        self.serve()
        self.wait(lambda: "branch main is not in" in self.daemon.log(), "the poller's first look")

    def first_good(self, version="v1", **behaviour):
        """The daemon runs, and the first release is good: by a webhook."""
        if not self.daemon:
            self.serve_and_look()
        commit = self.repo.commit(version, **behaviour)
        self.push(commit)
        self.wait_good(commit)
        return commit

    def _end(self):
        alive = {}
        try:
            if self.daemon and self.daemon.running():
                with contextlib.suppress(Timeout):
                    self.daemon.stop()
            with contextlib.suppress(Timeout):
                # What was told to end with the daemon may take a moment to.
                wait_until(lambda: not processes_of(self.folder), "the end of all", timeout=2)
            alive = processes_of(self.folder)
        finally:
            if self.daemon:
                self.daemon.forget()
            for pid in alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if self._failed():
                self._explain()
            if not os.environ.get("LASTGOOD_E2E_KEEP"):
                shutil.rmtree(self.folder, ignore_errors=True)
        # A killed daemon can't end its apps; the test says so by starting it again.
        if self.daemon and self.daemon.process and self.daemon.process.returncode == 0:
            self.assertEqual({}, alive, "left behind after the daemon's end")

    def _failed(self):
        result = self._outcome.result
        return any(test is self for test, _ in result.failures + result.errors) or not getattr(
            self._outcome, "success", True
        )

    def _explain(self):
        if self.daemon:
            print(f"---- daemon's log of {self.id()}\n{self.daemon.log()[-6000:]}", flush=True)
        for path in sorted(self.state.glob("apps/*/logs/output.log")):
            print(f"---- {path}\n{path.read_text(errors='replace')[-1500:]}", flush=True)

    # ---- asking
    def cli(self, *arguments, timeout=60, env=None):
        return run(BINARY, "--config", self.config_path, *arguments, timeout=timeout, env=env)

    def cli_ok(self, *arguments, **options):
        done = self.cli(*arguments, **options)
        self.assertEqual(0, done.returncode, (arguments, done.stdout, done.stderr))
        return done.stdout

    def cli_json(self, *arguments):
        return json.loads(self.cli_ok(*arguments, "--json"))

    def api(self, path, method="GET"):
        connection = UnixConnection(self.runtime / "control.sock")
        try:
            connection.request(method, path)
            response = connection.getresponse()
            text = response.read().decode()
            self.assertEqual(200, response.status, (path, text))
            return json.loads(text)
        finally:
            connection.close()

    def status(self, app="backend"):
        for found in self.api("/v1/apps")["apps"]:
            if found["name"] == app:
                return found
        raise AssertionError(f"no app {app}")

    def history(self, app="backend"):
        return self.api(f"/v1/apps/{app}/history")["deployments"]

    def deliveries(self):
        return self.api("/v1/deliveries")["deliveries"]

    def deployments_of(self, commit, app="backend"):
        """Newest first."""
        return [row for row in self.history(app) if row["commit"] == commit]

    def quarantined(self):
        rows = self.cli_json("quarantine")["quarantine"]
        return {row["commit"]: row["reason"] for row in rows}

    def version(self, path="/"):
        """The version of the app that answers."""
        status, text = get(self.app_port, path)
        self.assertEqual(200, status, text)
        return text.split(" ", 1)[0]

    def app_pids(self):
        """Processes of the app, not of a build and not of the daemon."""
        return [pid for pid, command in processes_of(self.folder).items() if "app.py" in command]

    def receiver_pid(self):
        """None while there is none."""
        children = f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children"
        for pid in pathlib.Path(children).read_text("ascii").split():
            with contextlib.suppress(OSError):
                command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if command[1:2] == [b"receiver"]:
                    return int(pid)
        return None

    # ---- telling
    def push(self, commit, branch="main", expect=None, **options):
        """A signed GitHub push; the answer's JSON. Unless an answer is expected, it is enough that
        the commit is taken: the poller's look at the daemon's start may have found it first."""
        status, body = webhooks.github(
            self.hook_port, "backend", SECRET, commit, f"refs/heads/{branch}", **options
        )
        if expect is not None:
            self.assertEqual(expect, status, body)
        elif status != 202:
            self.assertEqual(200, status, body)
            self.assertIn("already", body)
        return json.loads(body)

    # ---- waiting
    def wait(self, condition, what, timeout=None):
        def look():
            self.assertTrue(self.daemon.running(), "the daemon ended")
            return condition()

        try:
            return wait_until(look, what, timeout)
        except Timeout as failure:
            state = json.dumps([self.status(), self.history()[:6]], indent=1)
            raise Timeout(f"{failure}\n{state}") from None

    def grow(self, load, count=200):
        """Until so many more requests of a Load have been answered, or failed."""
        goal = load.total + count
        self.wait(lambda: load.total >= goal, f"{count} more requests: {load.kinds()}")

    def reload(self, told="config | read again"):
        said = self.daemon.log().count(told)
        self.write_config()
        self.daemon.process.send_signal(signal.SIGHUP)
        self.wait(lambda: self.daemon.log().count(told) > said, "the reload")

    def wait_outcome(self, commit, outcome, app="backend"):
        """The newest deployment of the commit, when it has ended that way."""

        def ended():
            rows = self.deployments_of(commit, app)
            if rows and rows[0]["outcome"]:
                self.assertEqual(outcome, rows[0]["outcome"], rows[0])
                return rows[0]
            return None

        return self.wait(ended, f"{commit[:7]} to end as {outcome}")

    def wait_good(self, commit, app="backend"):
        row = self.wait_outcome(commit, "good", app)
        self.wait(lambda: self.status(app)["state"] == "running", "the state running")
        return row

    def wait_live(self, commit, app="backend"):
        """Users get it: the state says so and, where it listens, it answers."""
        self.wait(
            lambda: self.status(app)["commit"] == commit
            and self.status(app)["state"] in ("running", "probation"),
            f"{commit[:7]} to be live",
        )

    def wait_phase(self, commit, phase, app="backend"):
        def reached():
            current = self.status(app)["deployment"]
            return current and current["commit"] == commit and current["phase"] == phase

        self.wait(reached, f"{commit[:7]} to be in {phase}")

    def wait_one_process(self):
        self.wait(lambda: len(self.app_pids()) == 1, f"one process of the app: {self.app_pids()}")
