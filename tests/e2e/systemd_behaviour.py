"""The unit as it is shipped, in a systemd that has really booted."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import textwrap
import time
import unittest

import webhooks
from harness import APP_COMMAND, BINARY, ENVIRONMENT, ROOT, SECRET, Repo, run, wait_until

UNIT = ROOT / "systemd" / "lastgood.service"


class UnitFile(unittest.TestCase):
    def setUp(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")

    def test_it_is_well_formed(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder) / "lastgood.service"
            unit.write_text(UNIT.read_text().replace("/usr/bin/lastgood", BINARY))
            done = run("systemd-analyze", "verify", "--recursive-errors=no", "--man=no", unit)
            about_us = [line for line in done.stderr.splitlines() if "lastgood" in line]
            self.assertEqual([], about_us)
            self.assertEqual(0, done.returncode, done.stderr)

    def test_its_socket_is_well_formed_too(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("lastgood.service", "lastgood.socket"):
                text = (UNIT.parent / name).read_text().replace("/usr/bin/lastgood", BINARY)
                (pathlib.Path(folder) / name).write_text(text)
            done = run("systemd-analyze", "verify", "--recursive-errors=no", "--man=no",
                       f"{folder}/lastgood.socket", f"{folder}/lastgood.service")
            about_us = [line for line in done.stderr.splitlines() if "lastgood" in line]
            self.assertEqual([], about_us)

    def test_it_is_hardened_as_far_as_other_peoples_apps_allow(self):
        done = run("systemd-analyze", "security", "--offline=yes", "--threshold=40", UNIT)
        self.assertEqual(0, done.returncode, done.stdout[-3000:])


class Machine:
    """A booted systemd on the host's own root, below a tmpfs; nothing of the host changes."""

    def __init__(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root")
        for tool in ("systemd-nspawn", "nsenter"):
            if not shutil.which(tool):
                raise unittest.SkipTest(f"{tool} is not installed")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lastgood-boot-"))
        self.name = self.folder.name.replace("_", "x")
        self.groups = []
        self.nspawn = None
        self.init = None

    def mount(self):
        upper = self.folder / "u"
        self.root = self.folder / "m"
        upper.mkdir()
        self.root.mkdir()
        self._do("mount", "-t", "tmpfs", "-o", "mode=755", "lastgood", upper)
        (upper / "up").mkdir()
        (upper / "wk").mkdir()
        options = f"lowerdir=/,upperdir={upper}/up,workdir={upper}/wk"
        self._do("mount", "-t", "overlay", "-o", options, "overlay", self.root)

    def boot(self):
        for base in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup"):
            if os.path.exists(f"{base}/cgroup.procs"):
                group = pathlib.Path(base) / self.name
                with contextlib.suppress(OSError):
                    group.mkdir()
                    self.groups.append(group)

        def join():
            for group in self.groups:
                (group / "cgroup.procs").write_text(str(os.getpid()))

        self.log = self.folder / "boot.log"
        self.nspawn = subprocess.Popen(
            ["systemd-nspawn", f"--directory={self.root}", "--boot", "--register=no", "--keep-unit",
             f"--machine={self.name}", "--link-journal=no", "--private-network",
             "--console=read-only", "--capability=all", "--system-call-filter=bpf",
             "systemd.unit=basic.target"],
            env={**ENVIRONMENT, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            stdin=subprocess.DEVNULL, stdout=open(self.log, "wb"), stderr=subprocess.STDOUT,
            preexec_fn=join, start_new_session=True,
        )
        try:
            self.init = wait_until(self._find_init, "systemd's process", 10)
            wait_until(
                lambda: self.run("systemctl", "is-active", "basic.target").stdout.strip() == "active",
                "basic.target", 15,
            )
        except AssertionError as failure:
            raise unittest.SkipTest(
                f"systemd does not boot here: {failure}: {self.log.read_text(errors='replace')[-500:]}"
            ) from None

    def _find_init(self):
        if self.nspawn.poll() is not None:
            raise AssertionError("systemd-nspawn ended")
        children = run("pgrep", "-P", str(self.nspawn.pid), "-f", "systemd").stdout.split()
        return children[0] if children else None

    def run(self, *argv, timeout=60):
        return run("nsenter", "-t", self.init, "-a", "--", *argv, timeout=timeout)

    def _do(self, *argv):
        done = run(*argv)
        if done.returncode != 0:
            raise unittest.SkipTest(f"{' '.join(map(str, argv))}: {done.stderr.strip()}")

    def end(self):
        if self.nspawn and self.nspawn.poll() is None:
            self.nspawn.send_signal(signal.SIGTERM)
            try:
                self.nspawn.wait(15)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait()
        for group in self.groups:
            self._remove_group(group)
        for place in (self.folder / "m", self.folder / "u"):
            run("umount", "-l", place)
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def _remove_group(group):
        def gone():
            for path, _, _ in os.walk(group, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(path)
            return not group.exists()

        with contextlib.suppress(AssertionError):
            wait_until(gone, "the cgroup to be empty", 5)


class Booted(unittest.TestCase):
    """One machine for all: booting is half a second, but the tests tell one story of the unit."""

    alone = True
    HOOK = 8787
    APP = 3000

    @classmethod
    def setUpClass(cls):
        try:
            cls.make_machine()
        except unittest.SkipTest:
            cls.doClassCleanups()
            cls.make_machine()  # once more: a boot can hang on a machine that is busy

    @classmethod
    def make_machine(cls):
        cls.machine = Machine()
        cls.addClassCleanup(cls.machine.end)
        cls.machine.mount()
        root = cls.machine.root
        srv = root / "srv"
        srv.mkdir(exist_ok=True)
        cls.repo = Repo(srv, "backend")
        shutil.copy(BINARY, root / "usr/bin/lastgood")
        shutil.copy(UNIT, root / "etc/systemd/system/lastgood.service")
        (root / "tmp/enough").unlink(missing_ok=True)
        done = run("chroot", root, "useradd", "--system", "--user-group", "--shell",
                   "/usr/sbin/nologin", "--home-dir", "/var/lib/lastgood", "lastgood")
        if done.returncode not in (0, 9):
            raise AssertionError(done.stderr)
        etc = root / "etc/lastgood"
        etc.mkdir(exist_ok=True)
        (etc / "secret").write_text(SECRET + "\n")
        (etc / "lastgood.yaml").write_text(textwrap.dedent(f"""\
            webhook:
              listen: 127.0.0.1:{cls.HOOK}
              secret_file: /etc/lastgood/secret
            log: {{ journald: true }}
            apps:
              backend:
                repo: /srv/backend.git
                run: {json.dumps(APP_COMMAND)}
                listen: 127.0.0.1:{cls.APP}
                ready: {{ http: / }}
                probation: 300ms
            """))
        run("chroot", root, "chown", "-R", "lastgood:lastgood", "/etc/lastgood", "/srv/backend.git")
        (etc / "secret").chmod(0o600)
        cls.machine.boot()

    def inside(self, *argv):
        return self.machine.run(*argv)

    def ok(self, *argv):
        done = self.inside(*argv)
        if done.returncode != 0:
            journal = self.inside("journalctl", "-u", "lastgood", "--no-pager", "-n", "40").stdout
            self.fail(f"{argv}: {done.stdout}{done.stderr}\n{journal}")
        return done.stdout.strip()

    def show(self, name):
        return self.ok("systemctl", "show", "--value", "-p", name, "lastgood")

    def lastgood(self, *argv):
        return self.ok("lastgood", *argv)

    def status(self):
        return json.loads(self.lastgood("status", "--json"))["apps"][0]

    def curl(self, url, *options):
        return self.inside("curl", "-sS", "-o", "-", "-w", "\n%{http_code}", *options, url).stdout

    def push(self, commit):
        """A signed push, sent from inside (the machine has a network of its own)."""
        body = json.dumps(webhooks.push_payload(commit, "refs/heads/main"))
        signature = webhooks.hub_signature(SECRET, body.encode())
        answer = self.curl(
            f"http://127.0.0.1:{self.HOOK}/hooks/backend", "-H", "Content-Type: application/json",
            "-H", "X-GitHub-Event: push", "-H", f"X-GitHub-Delivery: {commit}",
            "-H", f"X-Hub-Signature-256: {signature}", "--data-binary", body,
        )
        # The poller's look at the start may have found it first.
        self.assertTrue(answer.endswith("202") or "already" in answer, answer)

    def setUp(self):
        self.ok("systemctl", "reset-failed")
        self.ok("systemctl", "start", "lastgood")

    def deployed(self, version):
        commit = self.repo.commit(version)
        self.push(commit)
        wait_until(lambda: self.status()["last_good"] == commit, f"{version} to be good")
        return commit

    def test_start_returns_when_the_receiver_accepts(self):
        for _ in range(5):
            self.ok("systemctl", "restart", "lastgood")
            answer = self.curl(f"http://127.0.0.1:{self.HOOK}/healthz")
            self.assertTrue(answer.endswith("200"), answer)
            self.lastgood("status")
        self.assertEqual("active", self.ok("systemctl", "is-active", "lastgood"))

    def test_a_push_goes_live_under_the_unit(self):
        self.deployed("v1")
        self.assertIn("v1 ", self.curl(f"http://127.0.0.1:{self.APP}/"))
        pid = str(self.status()["pid"])
        user = self.ok("ps", "-o", "user=", "-p", pid)
        self.assertEqual("lastgood", user)

    def test_a_restart_leaves_the_app_running(self):
        commit = self.deployed("again")
        wait_until(lambda: self.status()["state"] == "running", "running")
        pid = self.status()["pid"]
        self.ok("systemctl", "restart", "lastgood")
        wait_until(lambda: self.status()["state"] == "running", "running")
        self.assertEqual((commit, pid), (self.status()["commit"], self.status()["pid"]))
        self.assertIn("again ", self.curl(f"http://127.0.0.1:{self.APP}/"))

    def test_what_an_app_says_is_in_the_journal_by_its_name(self):
        self.deployed("told")
        self.curl(f"http://127.0.0.1:{self.APP}/say/hello-journal")

        def entries():
            out = self.inside("journalctl", "LASTGOOD_APP=backend", "-o", "json", "--no-pager").stdout
            return [entry for entry in map(json.loads, out.splitlines())
                    if entry["MESSAGE"] == "hello-journal"]

        (entry,) = wait_until(entries, "its line")
        self.assertEqual("backend", entry["SYSLOG_IDENTIFIER"])
        self.assertEqual(("6", "out"), (entry["PRIORITY"], entry["LASTGOOD_STREAM"]))
        self.assertIn(entry["LASTGOOD_SLOT"], ("blue", "green"))

    def group_of(self, pid):
        """Below the unit's own."""
        whole = self.ok("cat", f"/proc/{pid}/cgroup").splitlines()[-1]
        return whole.partition("/lastgood.service/")[2]

    def test_each_run_has_a_cgroup_of_its_own_through_restarts(self):
        self.deployed("grouped")
        wait_until(lambda: self.status()["state"] == "running", "running")
        pid = self.status()["pid"]
        group = self.group_of(pid)
        self.assertRegex(group, r"^lastgood-[0-9a-f]{8}/backend\.\d+\.\d+$")
        self.assertEqual("daemon", self.group_of(self.show("MainPID")))
        self.ok("systemctl", "restart", "lastgood")
        wait_until(lambda: self.status()["state"] == "running", "running")
        self.assertEqual(group, self.group_of(pid))
        self.assertEqual("daemon", self.group_of(self.show("MainPID")))
        self.lastgood("restart", "backend")
        wait_until(lambda: self.status()["pid"] not in (0, pid), "a fresh process")
        self.assertNotEqual(group, self.group_of(self.status()["pid"]))

    # Asks the receiver again and again, each time by a new connection, until the file is there.
    ASKING = """
import http.client, os, sys
asked = failed = 0
while not os.path.exists("/tmp/enough"):
    asked += 1
    try:
        connection = http.client.HTTPConnection("127.0.0.1", {port}, timeout=30)
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
        connection.close()
    except OSError as why:
        status = why
    if status not in (200, 503):
        failed += 1
        print(status, file=sys.stderr)
print(asked, failed)
"""

    def test_a_restart_refuses_nobody_who_connects_meanwhile(self):
        self.deployed("waited for")
        self.inside("rm", "-f", "/tmp/enough")
        asking = subprocess.Popen(
            ["nsenter", "-t", self.machine.init, "-a", "--", APP_COMMAND[0], "-c",
             self.ASKING.format(port=self.HOOK)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            for _ in range(3):
                self.ok("systemctl", "restart", "lastgood")
            self.ok("kill", "-9", self.show("MainPID"))
            wait_until(lambda: self.inside("lastgood", "status").returncode == 0, "its answer")
        finally:
            self.inside("touch", "/tmp/enough")
            out, errors = asking.communicate(timeout=40)
        asked, failed = map(int, out.split())
        self.assertGreater(asked, 20)
        # A request that the killed receiver was answering right then has lost its connection.
        self.assertLessEqual(failed, 1, errors)

    def test_stop_ends_the_apps_and_leaves_nothing(self):
        self.deployed("stopped")
        began = time.monotonic()
        self.ok("systemctl", "stop", "lastgood")
        self.assertLess(time.monotonic() - began, 8)
        self.assertEqual("inactive", self.inside("systemctl", "is-active", "lastgood").stdout.strip())
        self.assertEqual("success", self.show("Result"))
        left = self.inside("pgrep", "-a", "-u", "lastgood").stdout
        self.assertEqual("", left)

    def test_kill_nine_is_answered_by_a_restart_with_one_app(self):
        commit = self.deployed("killed")
        wait_until(lambda: self.status()["state"] == "running", "running")
        pid = self.status()["pid"]
        old = self.show("MainPID")
        self.ok("kill", "-9", old)
        wait_until(lambda: self.show("MainPID") not in ("0", old), "a new daemon")
        wait_until(lambda: self.inside("lastgood", "status").returncode == 0, "its answer")
        wait_until(lambda: self.status()["state"] == "running", "running")
        self.assertEqual((commit, pid), (self.status()["commit"], self.status()["pid"]))
        wait_until(
            lambda: len(self.inside("pgrep", "-f", "app.py").stdout.split()) == 1, "one process"
        )

    def test_a_faulty_config_is_refused_by_the_reload(self):
        self.deployed("reloaded")
        pid = self.status()["pid"]
        config = "/etc/lastgood/lastgood.yaml"
        self.ok("sh", "-c", f"cp {config} /tmp/kept; echo 'nonsense: 1' >> {config}")
        try:
            self.assertNotEqual(0, self.inside("systemctl", "reload", "lastgood").returncode)
        finally:
            self.ok("sh", "-c", f"cat /tmp/kept > {config}")
        self.ok("systemctl", "reload", "lastgood")
        self.assertEqual(pid, self.status()["pid"])

    def test_a_wrong_config_is_not_started_again_and_again(self):
        self.ok("systemctl", "stop", "lastgood")
        config = "/etc/lastgood/lastgood.yaml"
        self.ok("sh", "-c", f"cp {config} /tmp/kept; echo 'nonsense: 1' >> {config}")
        try:
            self.assertNotEqual(0, self.inside("systemctl", "start", "lastgood").returncode)
            wait_until(lambda: self.show("ActiveState") == "failed", "the unit to be failed")
            journal = self.ok("journalctl", "-u", "lastgood", "--no-pager", "-n", "10")
            self.assertIn("nonsense", journal)
        finally:
            self.ok("sh", "-c", f"cp /tmp/kept {config}")


if __name__ == "__main__":
    unittest.main()
