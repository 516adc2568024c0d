"""The play of scripts/demo: real git, real signed webhook, real processes, constant load."""

import base64
import collections
import hmac
import http.client
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PYTHON = sys.executable
ENV = {
    **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TERM") if name in os.environ},
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}
REQUEST = b"GET / HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n"
BOLD, DIM, RESET = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


def title(text):
    print(f"\n{BOLD}{text}{RESET}", flush=True)


def say(text):
    print(f"  {text}", flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, timeout=20, every=0.002):
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise SystemExit(f"demo: waited {timeout} s for {what}")
        time.sleep(every)


class Load:
    """Four clients that ask without a pause, a new connection for each request."""

    def __init__(self, port, clients=4):
        self.port = port
        self.answers = []  # (when answered, version)
        self.failures = []  # (when, why)
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _ask(self):
        while not self._end.is_set():
            try:
                text = ask(self.port)
                self.answers.append((time.monotonic(), re.search(r"version (\w+)", text)[1]))
            except (OSError, TypeError) as failure:
                self.failures.append((time.monotonic(), str(failure)))

    def end(self):
        self._end.set()
        for thread in self._threads:
            thread.join()

    def counts(self):
        return collections.Counter(version for _, version in self.answers)


def ask(port):
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(REQUEST)
        data = b""
        while piece := connection.recv(65536):
            data += piece
        if not data:
            raise ConnectionResetError("closed without an answer")
        return data.decode()


class Demo:
    def __init__(self, program, keep):
        self.program = os.path.abspath(program)
        self.keep = keep
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lastgood-demo-"))
        self.hook_port = free_port()
        self.app_port = free_port()
        self.bare = self.folder / "hello.git"
        self.work = self.folder / "hello"
        self.config = self.folder / "lastgood.yaml"
        self.daemon = None

    # ---- the stage
    def git(self, *arguments, cwd=None):
        done = subprocess.run(
            ["git", *map(str, arguments)], cwd=cwd or self.work, env=ENV, text=True,
            stdin=subprocess.DEVNULL, capture_output=True,
        )
        if done.returncode != 0:
            raise SystemExit(f"demo: git {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout.strip(), done.stderr

    def set_up(self):
        title("A repository, an app and a config")
        self.work.mkdir()
        self.git("init", "-q", "--bare", "-b", "main", self.bare)
        self.git("init", "-q", "-b", "main", ".")
        self.git("config", "user.name", "Demo")
        self.git("config", "user.email", "demo@example.org")
        secret = self.folder / "secret"
        secret.touch(mode=0o600)
        secret.write_text("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
        hook = self.bare / "hooks" / "post-receive"
        shutil.copy(ROOT / "hooks" / "git" / "post-receive", hook)
        url = f"http://127.0.0.1:{self.hook_port}/hooks/hello"
        self.git("config", "lastgood.url", url, cwd=self.bare)
        self.git("config", "lastgood.secretFile", secret, cwd=self.bare)
        self.config.write_text(textwrap.dedent(f"""\
            state_dir: {self.folder}/state
            runtime_dir: {self.folder}/run
            webhook:
              listen: 127.0.0.1:{self.hook_port}
              secret_file: {secret}
            apps:
              hello:
                repo: {self.bare}
                branch: main
                webhook: {{ provider: standard }}
                run: ["{PYTHON}", "-S", "-E", "app.py"]
                listen: 127.0.0.1:{self.app_port}
                ready: {{ http: / }}
                probation: 3s
            """))
        for line in self.config.read_text().splitlines():
            say(f"{DIM}{line}{RESET}")

    def start(self):
        notify = str(self.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            ready.bind(notify)
            ready.settimeout(20)
            with open(self.folder / "daemon.log", "wb") as log:
                self.daemon = subprocess.Popen(
                    [self.program, "--config", str(self.config), "serve"],
                    env={**ENV, "NOTIFY_SOCKET": notify}, stdin=subprocess.DEVNULL,
                    stdout=log, stderr=log, start_new_session=True,
                )
            try:
                while b"READY=1" not in ready.recv(4096):
                    pass
            except TimeoutError:
                raise SystemExit("demo: the daemon did not start:\n" + self.log()) from None
        say(f"lastgood runs (pid {self.daemon.pid}), its front door is 127.0.0.1:{self.hook_port}")

    def log(self):
        return (self.folder / "daemon.log").read_text(errors="replace")

    def lastgood(self, *arguments, check=True):
        done = subprocess.run(
            [self.program, "--config", str(self.config), *arguments], env=ENV, text=True,
            stdin=subprocess.DEVNULL, capture_output=True,
        )
        if check and done.returncode != 0:
            raise SystemExit(f"demo: lastgood {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def status(self):
        return json.loads(self.lastgood("status", "--json"))["apps"][0]

    def deployment_of(self, commit):
        """The newest, once it has ended."""
        rows = json.loads(self.lastgood("history", "hello", "--json"))["deployments"]
        for row in rows:
            if row["commit"] == commit:
                return row if row["outcome"] else None
        return None

    # ---- the acts
    def push(self, version, crashes=False, hook=True):
        """Commits and pushes. With `hook` the repository's post-receive sends the webhook."""
        text = (HERE / "app.py").read_text()
        text = text.replace('VERSION = "1"', f'VERSION = "{version}"')
        text = text.replace("CRASHES = False", f"CRASHES = {crashes}")
        (self.work / "app.py").write_text(text)
        self.git("add", "app.py")
        self.git("commit", "-q", "-m", f"Version {version}")
        commit, _ = self.git("rev-parse", "HEAD")
        server = "git receive-pack" if hook else "git -c core.hooksPath=/dev/null receive-pack"
        _, told = self.git("push", "-q", f"--receive-pack={server}", self.bare, "main")
        for line in told.splitlines():
            if "lastgood:" in line:
                say(line.strip())
        return commit

    def post(self, commit):
        """The webhook as the hook sends it; the moment before."""
        push = {"type": "push", "data": {"ref": "refs/heads/main", "after": commit}}
        body = json.dumps(push).encode()
        token = (self.folder / "secret").read_text().strip()
        key = base64.b64decode(token.removeprefix("whsec_"))
        delivery, moment = secrets.token_hex(16), str(int(time.time()))
        signature = hmac.digest(key, f"{delivery}.{moment}.".encode() + body, "sha256")
        headers = {
            "Content-Type": "application/json",
            "webhook-id": delivery,
            "webhook-timestamp": moment,
            "webhook-signature": "v1," + base64.b64encode(signature).decode(),
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.hook_port, timeout=10)
        begun = time.monotonic()
        connection.request("POST", "/hooks/hello", body, headers)
        response = connection.getresponse()
        if response.status != 202:
            raise SystemExit(f"demo: the webhook was answered {response.status} {response.read()}")
        connection.close()
        return begun

    def answers(self, version):
        try:
            return f"version {version}," in ask(self.app_port)
        except OSError:
            return False

    def wait_good(self, commit):
        wait_until(lambda: self.status()["last_good"] == commit, "the probation to end", every=0.1)

    def first_push(self):
        title("The first push")
        commit = self.push("1")
        wait_until(lambda: self.answers("1"), "the first answer")
        say(f"curl http://127.0.0.1:{self.app_port}/  →  {ask(self.app_port).splitlines()[-1]}")
        self.wait_good(commit)
        say(f"{commit[:7]} lived through its probation: it is the last good one")

    def bad_push(self):
        title("A push that crashes as soon as users get to it, under constant load")
        load = Load(self.app_port)
        wait_until(lambda: len(load.answers) > 500, "load")
        try:
            bad = self.push("2", crashes=True)
            row = wait_until(lambda: self.deployment_of(bad), "the rollback", every=0.02)
            enough = len(load.answers) + 2000
            wait_until(lambda: len(load.answers) > enough, "load after the rollback")
        finally:
            load.end()
        say(f"{bad[:7]} {row['outcome'].replace('_', ' ')}: {row['reason'].splitlines()[0]}")
        say(f"{ask(self.app_port).splitlines()[-1]}: the last good one serves")
        counts = load.counts()
        total = len(load.answers) + len(load.failures)
        say(
            f"{total} requests meanwhile: {counts['1']} answered by version 1, {counts['2']} by "
            f"version 2 before it crashed"
        )
        waiting = [why for _, why in load.failures if "refused" in why or "timed out" in why]
        say(
            f"{len(load.failures)} failed: those that the crashing process held in its hands; "
            f"{len(waiting)} of the waiting ones"
        )
        self.show_way_back(load, bad)
        if waiting:
            raise SystemExit("demo: a waiting request failed")

    def show_way_back(self, load, bad):
        """The last crash is where the bad version's last answer or cut request was."""
        cuts = [when for when, _ in load.failures]
        lasts = [when for when, version in load.answers if version == "2"]
        last = max(cuts + lasts)
        back = min(when for when, version in load.answers if version == "1" and when > last)
        took = (back - last) * 1000
        say(f"from the last crash to the last good one serving: {took:.1f} ms (promised: < 100)")
        say(f"{bad[:7]} is in quarantine; pushed, polled or redelivered, it stays away")

    def good_push(self):
        title("A push that mends it, and how long it takes")
        pushed = self.push("3", hook=False)
        begun = self.post(pushed)  # sent from here, to take its time
        wait_until(lambda: self.answers("3"), "version 3", every=0.001)
        live = (time.monotonic() - begun) * 1000
        say(f"{ask(self.app_port).splitlines()[-1]}")
        fetch = self.time_of_fetch(pushed)
        start = self.time_of_start()
        say(
            f"webhook to first answer of the new release: {live:.0f} ms. git fetch of the commit "
            f"takes {fetch:.0f} ms,"
        )
        say(
            f"the app {start:.0f} ms to start: {live / (fetch + start):.2f} × their sum (promised: ≤ 3)"
        )
        self.wait_good(pushed)
        print(textwrap.indent(self.lastgood("status"), "  "), end="")

    def time_of_fetch(self, commit):
        """`git fetch` of that commit into a repository that has the one before: the median of 5."""
        times = []
        before, _ = self.git("rev-parse", f"{commit}~1")
        for number in range(5):
            mirror = self.folder / f"mirror{number}.git"
            self.git("init", "-q", "--bare", mirror)
            self.git("fetch", "-q", self.bare, before, cwd=mirror)
            begun = time.monotonic()
            self.git("fetch", "-q", "--no-tags", self.bare, f"{commit}:refs/heads/x", cwd=mirror)
            times.append((time.monotonic() - begun) * 1000)
        return sorted(times)[len(times) // 2]

    def time_of_start(self):
        """The app alone, from its start to its first answer: the median of 5."""
        times = []
        for _ in range(5):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                port = listener.getsockname()[1]

                def pass_socket(descriptor=listener.fileno()):
                    os.dup2(descriptor, 3)
                    os.set_inheritable(3, True)

                begun = time.monotonic()
                process = subprocess.Popen(
                    [PYTHON, "-S", "-E", "app.py"], cwd=self.work, preexec_fn=pass_socket,
                    close_fds=False, stdin=subprocess.DEVNULL,
                    env={**ENV, "LISTEN_FDS": "1", "LASTGOOD_COMMIT": "0" * 40},
                )
                ask(port)
                times.append((time.monotonic() - begun) * 1000)
                process.kill()
                process.wait()
        return sorted(times)[len(times) // 2]

    def history(self):
        title("lastgood history")
        print(textwrap.indent(self.lastgood("history"), "  "), end="")

    def play(self):
        self.set_up()
        self.start()
        self.first_push()
        self.bad_push()
        self.good_push()
        self.history()
        if self.keep:
            self.invite()

    def invite(self):
        command = f"{self.program} --config {self.config}"
        title("It keeps running. Try")
        say(f"curl http://127.0.0.1:{self.app_port}/")
        say(f"{command} status --watch")
        say(f"{command} logs hello -f")
        say(f"{command} rollback hello")
        say(f"cd {self.work}    # edit app.py, git commit, and: git push {self.bare} main")
        say(f"kill -9 {self.daemon.pid}    # and start it again: {command} serve")
        say(f"kill {self.daemon.pid} && rm -r {self.folder}    # ends it")

    def end(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGTERM)
            try:
                self.daemon.wait(20)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    demo = Demo(sys.argv[1], "--keep" in sys.argv[2:])
    began = time.monotonic()
    kept = False
    try:
        demo.play()
        kept = demo.keep
    except BaseException:
        if demo.daemon:
            print(demo.log()[-3000:], file=sys.stderr)
        raise
    finally:
        if not kept:
            demo.end()
    if not kept:
        title(f"Done in {time.monotonic() - began:.0f} s; everything was ended and removed.")


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
main()
