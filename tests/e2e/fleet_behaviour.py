"""Several hosts on one machine, each a daemon of its own, and a real etcd between them."""

import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import webhooks
from harness import (APP_COMMAND, BINARY, ENVIRONMENT, ROOT, SECRET, Daemon, Repo, Timeout, free_port,
                     get, processes_of, run, wait_until)

GROUP = "/lastgood/web/"


class Etcd:
    """One member, with its data in the folder; killed and started again at will."""

    def __init__(self, folder, *more):
        client, peer = free_port(), free_port()
        self.url = f"http://127.0.0.1:{client}"
        peer = f"http://127.0.0.1:{peer}"
        self.argv = ["etcd", "--name", "m", "--data-dir", str(folder / "etcd"), "--listen-client-urls", self.url,
                     "--advertise-client-urls", self.url, "--listen-peer-urls", peer,
                     "--initial-advertise-peer-urls", peer, "--initial-cluster", f"m={peer}",
                     "--logger", "zap", "--log-outputs", str(folder / "etcd.log"), *more]
        self.process = None
        self.user = None

    def start(self):
        self.process = subprocess.Popen(self.argv, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self.ctl("endpoint", "health").returncode == 0, "etcd", every=0.1)
        return self

    def ctl(self, *arguments):
        user = ["--user", self.user] if self.user else []
        return run("etcdctl", "--endpoints", self.url, "--command-timeout=2s", *user, *arguments)

    def keys(self, prefix=GROUP):
        """{key without the group's prefix: value} of all below it."""
        done = self.ctl("get", "--prefix", prefix, "--write-out=json")
        if done.returncode != 0:
            return {}
        pairs = json.loads(done.stdout).get("kvs", [])
        text = lambda one: base64.b64decode(one).decode()
        return {text(pair["key"])[len(prefix):]: text(pair.get("value", "")) for pair in pairs}

    def value(self, key):
        text = self.keys().get(key)
        return json.loads(text) if text else None

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


class Host:
    def __init__(self, case, name):
        self.case = case
        self.name = name
        self.folder = case.folder / name
        self.folder.mkdir()
        self.config_path = self.folder / "lastgood.yaml"
        self.hook_port, self.app_port = free_port(), free_port()
        (self.folder / "secret").write_text(SECRET + "\n")
        (self.folder / "secret").chmod(0o600)
        self.config = {
            "state_dir": str(self.folder / "state"), "runtime_dir": str(self.folder / "run"),
            "webhook": {"listen": f"127.0.0.1:{self.hook_port}", "secret_file": str(self.folder / "secret")},
            "log": {"level": "debug"},
            "fleet": {"endpoints": [case.etcd.url], "group": "web", "host": name,
                      "rollout": {"max_unavailable": 1, "canary": 1, "canary_soak": "1s"}},
            "apps": {"backend": {
                "repo": str(case.repo.path), "run": APP_COMMAND, "poll": "1h", "probation": "500ms",
                "listen": f"127.0.0.1:{self.app_port}", "ready": {"http": "/", "within": "10s"},
                "stop": {"timeout": "2s"}, "crash_loop": {"crashes": 2, "within": "60s"},
                "restart": {"backoff": "20ms", "backoff_max": "200ms"}}},
        }
        self.daemon = None

    def start(self):
        self.config_path.write_text(json.dumps(self.config))
        self.config_path.chmod(0o600)
        self.daemon = Daemon(self.config_path, self.folder)
        self.daemon.start()
        return self

    def cli(self, *arguments):
        return run(BINARY, "--config", self.config_path, *arguments)

    def status(self):
        done = self.cli("status", "--json")
        return json.loads(done.stdout)["apps"][0] if done.returncode == 0 else {}

    def commit(self):
        return self.status().get("commit")

    def ran(self):
        """Commits that were ever started here."""
        done = self.cli("history", "--json", "-n", "1000")
        return [row["commit"] for row in json.loads(done.stdout)["deployments"]
                if row["phases_ms"].get("starting") is not None]

    def push(self, commit, delivery=None):
        return webhooks.github(self.hook_port, "backend", SECRET, commit, delivery=delivery)

    def agent(self):
        """The pid of its agent."""
        for pid, command in processes_of(BINARY.rpartition("/")[0]).items():
            if "fleet-agent" not in command:
                continue
            with contextlib.suppress(OSError):
                parent = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
                if int(parent) == self.daemon.pid:
                    return pid
        return None


@unittest.skipUnless(shutil.which("etcd"), "etcd is not installed (etcd-server, etcd-client)")
class Fleet(unittest.TestCase):
    hosts_count = 3

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lastgood-fleet-"))
        self.folder.chmod(0o755)
        self.addCleanup(self._end)
        self.etcd = Etcd(self.folder).start()
        self.repo = Repo(self.folder, "backend")
        self.hosts = [Host(self, f"h{i}") for i in range(1, self.hosts_count + 1)]

    def _end(self):
        failed = any(test is self for test, _ in
                     self._outcome.result.failures + self._outcome.result.errors)
        for host in self.hosts:
            if failed and host.daemon:
                print(f"---- {host.name}\n{host.daemon.log()[-5000:]}", flush=True)
            if host.daemon and host.daemon.running():
                with contextlib.suppress(Timeout):
                    host.daemon.stop()
        if failed:
            print(json.dumps(self.etcd.keys(), indent=1), flush=True)
        self.etcd.stop()
        for pid in processes_of(self.folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not os.environ.get("LASTGOOD_E2E_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- what happens
    def begin(self, version="v1"):
        """All hosts run the first commit, which was pushed to the first."""
        for host in self.hosts:
            host.start()
        self.wait_members()
        first = self.repo.commit(version)
        status, body = self.hosts[0].push(first)
        self.assertEqual((202, "accepted"), (status, json.loads(body)["status"]), body)
        self.wait_all(first)
        return first

    def wait_members(self):
        names = {f"hosts/{host.name}" for host in self.hosts}
        wait_until(lambda: names <= set(self.etcd.keys()), "the hosts in etcd", timeout=30)
        wait_until(lambda: "election/controller" in self.etcd.keys(), "a controller", timeout=30)

    def wait_all(self, commit, hosts=None, timeout=90):
        for host in hosts or self.hosts:
            wait_until(lambda host=host: host.status().get("last_good") == commit
                       and host.commit() == commit, f"{host.name} on {commit[:7]}", timeout, every=0.2)

    def wait_rollout(self, state, wish_commit=None, timeout=90):
        def there():
            rollout = self.etcd.value("apps/backend/rollout") or {}
            wish = self.etcd.value("apps/backend/wish") or {}
            right = wish_commit is None or wish.get("commit") == wish_commit
            return rollout if right and rollout.get("state") == state else None
        return wait_until(there, f"a rollout that is {state}", timeout, every=0.2)

    def controller(self):
        name = self.etcd.keys().get("election/controller")
        return next((host for host in self.hosts if host.name == name), None)


class Push(Fleet):
    def test_one_push_to_any_host_gets_to_all_and_one_after_the_other(self):
        first = self.begin()
        self.wait_rollout("done", first)
        second = self.repo.commit("v2")
        status, _ = self.hosts[2].push(second)
        self.assertEqual(202, status)
        down = []
        while (self.etcd.value("apps/backend/good") or {}).get("commit") != second:
            grants = [key for key in self.etcd.keys() if key.startswith("apps/backend/grants/")]
            down.append(len(grants))
            time.sleep(0.05)
        self.assertLessEqual(max(down), 1, "hosts at once")
        self.wait_all(second)
        for host in self.hosts:
            self.assertEqual("v2", get(host.app_port)[1].split()[0])
            rows = json.loads(host.cli("history", "--json").stdout)["deployments"]
            self.assertEqual("fleet", rows[0]["trigger"])
            self.assertEqual("good", rows[0]["outcome"])

    def test_the_same_delivery_to_two_hosts_is_one_wish(self):
        self.begin()
        second = self.repo.commit("v2")
        for host in self.hosts[:2]:
            self.assertEqual(202, host.push(second, delivery="one-and-the-same")[0])
        self.wait_all(second)
        self.assertEqual(2, self.etcd.value("apps/backend/wish")["number"])
        for host in self.hosts:
            self.assertEqual(1, host.ran().count(second))

    def test_a_crash_loop_at_the_canary_halts_all_and_no_other_host_ran_it(self):
        first = self.begin()
        self.wait_rollout("done", first)
        bad = self.repo.commit("v2", crash_after_ms=100)
        self.assertEqual(202, self.hosts[0].push(bad)[0])
        rollout = self.wait_rollout("halted", bad)
        self.assertIn(f"apps/backend/quarantine/{bad}", self.etcd.keys())
        ran = [host.name for host in self.hosts if bad in host.ran()]
        self.assertEqual(1, len(ran), rollout)
        self.wait_all(first)
        # The next push goes everywhere.
        third = self.repo.commit("v3")
        self.assertEqual(202, self.hosts[1].push(third)[0])
        self.wait_all(third)


class Trouble(Fleet):
    def test_without_etcd_apps_run_on_and_a_push_is_answered_503(self):
        first = self.begin()
        self.wait_rollout("done", first)
        self.etcd.stop()
        second = self.repo.commit("v2")
        status, _ = self.hosts[0].push(second, delivery="again")
        self.assertEqual(503, status)
        for host in self.hosts:
            self.assertEqual(200, get(host.app_port)[0])
        wait_until(lambda: "not connected to etcd" in self.hosts[0].daemon.log(), "it is told", timeout=40)
        # Local commands work.
        self.assertEqual(0, self.hosts[1].cli("restart", "backend").returncode)
        self.etcd.start()
        wait_until(lambda: self.hosts[0].push(second, delivery="again")[0] == 202, "etcd", timeout=60, every=0.5)
        self.wait_all(second)

    def test_another_host_goes_on_where_the_controller_died(self):
        first = self.begin()
        self.wait_rollout("done", first)
        second = self.repo.commit("v2")
        controller = self.controller()
        other = next(host for host in self.hosts if host is not controller)
        self.assertEqual(202, other.push(second)[0])
        self.wait_rollout("canary", second)
        os.kill(controller.agent(), signal.SIGKILL)
        self.wait_all(second)
        for host in self.hosts:
            self.assertEqual(1, host.ran().count(second))

    def test_a_host_that_was_away_catches_up(self):
        first = self.begin()
        self.wait_rollout("done", first)
        away = self.hosts[2]
        away.daemon.stop()
        # Gone with the daemon: nobody waits for its lease to end.
        self.assertNotIn("hosts/h3", self.etcd.keys())
        second = self.repo.commit("v2")
        self.assertEqual(202, self.hosts[0].push(second)[0])
        self.wait_all(second, self.hosts[:2])
        self.wait_rollout("done", second)
        away.start()
        self.wait_all(second)

    def test_an_operators_word_on_one_host_is_not_fought(self):
        first = self.begin()
        second = self.repo.commit("v2")
        self.assertEqual(202, self.hosts[0].push(second)[0])
        self.wait_all(second)
        self.wait_rollout("done", second)
        self.assertEqual(0, self.hosts[1].cli("rollback", "backend").returncode)
        wait_until(lambda: (self.etcd.value("hosts/h2/apps/backend") or {}).get("refusal"), "its word", 30)
        self.assertEqual(first, self.hosts[1].commit())
        third = self.repo.commit("v3")
        self.assertEqual(202, self.hosts[0].push(third)[0])
        self.wait_all(third)


class Roles(Fleet):
    hosts_count = 1

    def test_the_roles_of_the_manual_are_enough_and_no_more(self):
        text = (ROOT / "docs" / "fleet.md").read_text("utf-8").partition("### Users and roles")[2]
        commands = re.search(r"```sh\n(.*?)```", text, re.S)[1]
        for user, password in (("root", "of root"), ("web-1", "of web-1")):
            # The password is asked for by hand; not here.
            commands, count = re.subn(rf"^etcdctl user add {user}$", f"etcdctl user add '{user}:{password}'",
                                      commands, flags=re.M)
            self.assertEqual(1, count, user)
        done = run("bash", "-euc", commands, env={"ETCDCTL_ENDPOINTS": self.etcd.url, "ETCDCTL_API": "3"})
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        host = self.hosts[0]
        (host.folder / "password").write_text("of web-1\n")
        (host.folder / "password").chmod(0o600)
        host.config["fleet"].update(host="web-1", user="web-1", password_file=str(host.folder / "password"))
        host.start()
        self.etcd.user = "root:of root"
        # Each look of ours signs in, which costs etcd much.
        wait_until(lambda: "election/controller" in self.etcd.keys(), "a controller", 60, every=1)
        commit = self.repo.commit("v1")
        wait_until(lambda: host.push(commit, delivery="first")[0] == 202, "etcd takes it", 60, every=0.5)
        self.wait_all(commit)
        found = host.cli("doctor")
        self.assertIn("may be its controller", found.stdout)
        self.etcd.user = "web-1:of web-1"
        for key in ("hosts/web-2", "../other"):
            self.assertNotEqual(0, self.etcd.ctl("put", GROUP + key, "{}").returncode, key)


if __name__ == "__main__":
    unittest.main()
