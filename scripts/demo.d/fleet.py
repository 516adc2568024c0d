"""The play of scripts/demo-fleet: five hosts, a real etcd, real git, one signed webhook for each push."""

import base64
import contextlib
import http.client
import json
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time

from fleet_stage import (DIM, ENV, GREEN, HERE, PROGRAM, RED, RESET, ROOT, ZONES, Host, Place, Users, say,
                         title, wait_until)


class Demo:
    def __init__(self, keep):
        self.keep = keep
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lastgood-demo-fleet-"))
        self.bare = self.folder / "hello.git"
        self.work = self.folder / "hello"
        self.secret = self.folder / "secret"
        self.versions = {}  # commit: version
        self.hosts = []
        self.etcd = None
        self.place = Place()

    # ---- the stage
    def git(self, *arguments, cwd=None):
        with self.desk.inside():  # the push sends the webhook from there
            done = subprocess.run(["git", *map(str, arguments)], cwd=cwd or self.work, env=ENV,
                                  text=True, stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode != 0:
            raise SystemExit(f"demo: git {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout.strip(), done.stderr

    def set_up(self):
        title("etcd and five hosts")
        self.desk = self.place.machine(100)
        self.secret.touch(mode=0o600)
        self.secret.write_text("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
        self.start_etcd(self.place.machine(101))
        self.hosts = [Host(self, name, number) for number, name in enumerate(ZONES, 1)]
        self.make_repository(self.hosts[2])
        for host in self.hosts:
            host.start()
        for host in self.hosts:
            host.wait_ready()
        if self.place.why_not:
            say(f"on addresses of the loopback ({self.place.why_not})")
        else:
            say("each is a machine with a network of its own; a bridge joins them")
        wait_until(lambda: self.status()["hosts"] == 5 and self.status()["controller"],
                   "five hosts in the group")
        say(f"five hosts have joined group web; {self.status()['controller']} is its controller")
        for line in self.hosts[0].config.read_text().splitlines()[5:11]:
            say(f"{DIM}{line}{RESET}")

    def start_etcd(self, machine):
        client, peer = self.place.port(machine, 2379), self.place.port(machine, 2380)
        self.etcd_url = f"http://{machine.address}:{client}"
        peer_url = f"http://{machine.address}:{peer}"
        with machine.inside():
            self.etcd = subprocess.Popen(
                ["etcd", "--name", "one", "--data-dir", str(self.folder / "etcd"),
                 "--listen-client-urls", self.etcd_url, "--advertise-client-urls", self.etcd_url,
                 "--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url,
                 "--initial-cluster", f"one={peer_url}", "--log-outputs",
                 str(self.folder / "etcd.log"), "--logger", "zap"],
                env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True,
            )

        def healthy():
            if self.etcd.poll() is not None:
                raise SystemExit(f"demo: etcd ended; see {self.folder}/etcd.log")
            with contextlib.suppress(OSError), self.desk.inside(), contextlib.closing(
                    http.client.HTTPConnection(machine.address, client, timeout=2)) as connection:
                connection.request("GET", "/health")
                return b"true" in connection.getresponse().read()

        wait_until(healthy, "etcd")

    def make_repository(self, door):
        self.work.mkdir()
        self.git("init", "-q", "--bare", "-b", "main", self.bare)
        self.git("init", "-q", "-b", "main", ".")
        self.git("config", "user.name", "Demo")
        self.git("config", "user.email", "demo@example.org")
        shutil.copy(ROOT / "hooks" / "git" / "post-receive", self.bare / "hooks" / "post-receive")
        url = f"http://{door.machine.address}:{door.hook_port}/hooks/hello"
        self.git("config", "lastgood.url", url, cwd=self.bare)
        self.git("config", "lastgood.secretFile", self.secret, cwd=self.bare)
        self.git("config", "lastgood.wait", "0", cwd=self.bare)  # the play itself looks on

    def lastgood(self, *arguments):
        with self.desk.inside():
            done = subprocess.run(
                [PROGRAM, "--config", str(self.hosts[0].config), *arguments], env=ENV, text=True,
                stdin=subprocess.DEVNULL, capture_output=True,
            )
        if done.returncode != 0:
            raise SystemExit(f"demo: lastgood {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def status(self):
        return json.loads(self.lastgood("fleet", "status", "--json"))

    # ---- the acts
    def push(self, version, crashes=False):
        text = (HERE / "app.py").read_text()
        text = text.replace('VERSION = "1"', f'VERSION = "{version}"')
        text = text.replace("CRASHES = False", f"CRASHES = {crashes}")
        (self.work / "app.py").write_text(text)
        self.git("add", "app.py")
        self.git("commit", "-q", "-m", f"Version {version}")
        commit, _ = self.git("rev-parse", "HEAD")
        self.versions[commit] = version
        self.pushed = time.monotonic()
        _, told = self.git("push", "-q", self.bare, "main")
        for line in told.splitlines():
            if "lastgood:" in line:
                say(f"at the door of {self.hosts[2].name}: {line.strip()}")
        return commit

    def cell(self, row):
        if not row["commit"]:
            return "-"
        version = self.versions[row["commit"]]
        if row["health"] != "ok":
            return f"{version} {row['health']}"
        return f"{version} on trial" if row["state"] == "probation" else version

    def follow(self, commit):
        """Prints a line whenever a host or the rollout got further; the app's status at its end."""
        last = None
        print(f"  {'':6}  {'':8}" + "".join(f"{name + ' (' + zone + ')':12}"
                                            for name, zone in ZONES.items()))

        def ended():
            nonlocal last
            apps = self.status()["apps"]
            if not apps or apps[0]["commit"] != commit:
                return None
            listed = json.loads(self.lastgood("fleet", "hosts", "--json"))["hosts"]
            rows = {row["host"]: row for row in listed}
            cells = [apps[0]["state"], *(self.cell(rows[name]) if name in rows else "gone" for name in ZONES)]
            if cells != last:
                last = cells
                print(f"  {time.monotonic() - self.pushed:4.1f} s  {cells[0]:8}"
                      + "".join(f"{cell:12}" for cell in cells[1:]), flush=True)
            return apps[0] if apps[0]["state"] in ("done", "halted") and not apps[0]["grants"] else None

        return wait_until(ended, "the rollout to end", timeout=40)

    def good_push(self):
        title("A good push: the canary first, watched for 4 s; then at most 2 hosts at once, by zones")
        commit = self.push("1")
        app = self.follow(commit)
        if app["state"] != "done":
            raise SystemExit(f"demo: the rollout ended {app['state']}: {app['reason']}")
        answers = " ".join(f"{host.name}: version {host.ask()}" for host in self.hosts)
        say(f"{GREEN}{commit[:7]} is the fleet's last good{RESET}; {answers}")

    def bad_push(self):
        title("A push that crashes as soon as somebody gets to it")
        users = Users(self.hosts)
        try:
            bad = self.push("2", crashes=True)
            app = self.follow(bad)
        finally:
            users.end()
        if app["state"] != "halted":
            raise SystemExit(f"demo: the rollout of a bad commit ended {app['state']}")
        say(f"{RED}halted{RESET}: {app['reason'].splitlines()[0]}")
        touched = [name for name, counts in users.counts.items() if counts["2"] or counts["failed"]]
        spared = [name for name in users.counts if name not in touched]
        total = sum(users.counts[name]["1"] for name in spared)
        say(f"{', '.join(spared)}: never ran it; {total} requests there, all answered by version 1")
        say(f"{bad[:7]} is in quarantine on every host: pushed again, to any door, it stays away")

    def show(self):
        for verb in ("status", "hosts", "history"):
            title(f"lastgood fleet {verb}")
            print(textwrap.indent(self.lastgood("fleet", verb), "  "), end="")

    def invite(self):
        self.place.keep(self.desk)
        enter = ""
        if self.place.network:
            enter = f"nsenter --net=/proc/{self.place.keepers[1].pid}/ns/net "
        first = self.hosts[0]
        command = f"{enter}{PROGRAM} --config {first.config}"
        title("It keeps running. Try")
        say(f"{command} fleet hosts")
        say(f"{enter}curl http://{first.machine.address}:{first.app_port}/")
        say(f"cd {self.work}    # edit app.py, git commit, and: {enter}git push {self.bare} main")
        say(f"kill -STOP {self.etcd.pid}    # apps run on, pushes are answered 503; then -CONT")
        pids = [host.daemon.pid for host in self.hosts]
        pids += [self.etcd.pid, *(keeper.pid for keeper in self.place.keepers)]
        say(f"kill {' '.join(map(str, pids))}; sleep 2; rm -r {self.folder}    # ends it")

    def end(self):
        daemons = [host.daemon for host in self.hosts if host.daemon]
        for daemon in daemons:
            daemon.terminate()
        for process in [*daemons, self.etcd]:
            if process is None:
                continue
            if process is self.etcd:
                process.kill()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.place.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    demo = Demo("--keep" in sys.argv[2:])
    began = time.monotonic()
    kept = False
    try:
        demo.set_up()
        demo.good_push()
        demo.bad_push()
        demo.show()
        if demo.keep:
            demo.invite()
        kept = demo.keep
    except BaseException:
        for host in demo.hosts:
            if host.daemon:
                print(f"---- {host.name}\n{host.log()[-2000:]}", file=sys.stderr)
        raise
    finally:
        if not kept:
            demo.end()
    if not kept:
        title(f"Done in {time.monotonic() - began:.0f} s; everything was ended and removed.")


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
main()
