"""The unit as it is shipped, in a systemd that has really booted."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from booted import UNIT, BootedCase
from harness import APP_COMMAND, BINARY, PYTHON, ROOT, SECRET, run, wait_until


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

    def test_the_relays_unit_is_well_formed_and_sealed(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder) / "lastgood-relay.service"
            text = (UNIT.parent / unit.name).read_text().replace("/usr/bin/lastgood", BINARY)
            unit.write_text(text)
            done = run("systemd-analyze", "verify", "--recursive-errors=no", "--man=no", unit)
            self.assertEqual([], [line for line in done.stderr.splitlines() if "relay" in line])
            done = run("systemd-analyze", "security", "--offline=yes", "--threshold=20", unit)
            self.assertEqual(0, done.returncode, done.stdout[-3000:])

    def test_it_is_hardened_as_far_as_other_peoples_apps_allow(self):
        done = run("systemd-analyze", "security", "--offline=yes", "--threshold=40", UNIT)
        self.assertEqual(0, done.returncode, done.stdout[-3000:])


class Booted(BootedCase):
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

    def test_a_repository_of_another_user_is_trusted_when_the_machines_git_is(self):
        self.deployed("of ours")
        commit = self.repo.commit("of another user")
        self.ok("chown", "-R", "nobody:", "/srv/backend.git")
        try:
            refused = self.inside("lastgood", "deploy", "backend")
            self.assertEqual(1, refused.returncode)
            told = refused.stdout + refused.stderr + self.inside("lastgood", "doctor").stdout
            mend = re.search(r"`sudo (git config --system --add safe.directory '/srv/backend.git')`", told)
            self.assertTrue(mend, told)
            self.ok("sh", "-c", mend[1])
            self.lastgood("deploy", "backend")
            self.assertEqual(commit, self.status()["commit"])
        finally:
            self.ok("chown", "-R", "lastgood:", "/srv/backend.git")

    def test_its_memory_is_nobody_elses(self):
        """Not even for what runs as its own user: the kernel has root own the files of such a process."""
        self.deployed("closed")
        for pid, owner in ((self.show("MainPID"), "root"), (self.status()["pid"], "lastgood")):
            self.assertEqual("lastgood", self.ok("ps", "-o", "user=", "-p", str(pid)))
            self.assertEqual(owner, self.ok("stat", "-c", "%U", f"/proc/{pid}/environ"))
        refused = self.inside("setpriv", "--reuid=lastgood", "--regid=lastgood", "--clear-groups",
                              "cat", f"/proc/{self.show('MainPID')}/environ")
        self.assertNotEqual(0, refused.returncode)

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

    def test_one_that_hangs_is_ended_by_the_watchdog_and_the_app_lives_on(self):
        folder = "/etc/systemd/system/lastgood.service.d"
        self.ok("sh", "-c", f"mkdir -p {folder}; echo '[Service]\nWatchdogSec=1' > {folder}/soon.conf")
        self.ok("systemctl", "daemon-reload")
        self.ok("systemctl", "restart", "lastgood")
        try:
            commit = self.deployed("watched")
            wait_until(lambda: self.status()["state"] == "running", "running")
            pid = self.status()["pid"]
            old = self.show("MainPID")
            self.ok("kill", "-STOP", old)
            wait_until(lambda: self.show("MainPID") not in ("0", old), "a new daemon", 40)
            wait_until(lambda: self.inside("lastgood", "status").returncode == 0, "its answer")
            wait_until(lambda: self.status()["state"] == "running", "running")
            self.assertEqual((commit, pid), (self.status()["commit"], self.status()["pid"]))
            journal = self.ok("journalctl", "-u", "lastgood", "--no-pager", "-n", "60")
            self.assertIn("Watchdog timeout", journal)
        finally:
            self.ok("rm", "-r", folder)
            self.ok("systemctl", "daemon-reload")
            self.ok("systemctl", "restart", "lastgood")

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

    def test_check_refuses_what_only_root_can_read(self):
        self.ok("chown", "root:", "/etc/lastgood/secret")
        try:
            for verb in ("start", "stop"):
                self.ok("systemctl", verb, "lastgood")
                done = self.inside("lastgood", "check")
                self.assertIn("secret can't be read by lastgood, as whom", done.stderr, verb)
        finally:
            self.ok("chown", "lastgood:", "/etc/lastgood/secret")
        self.ok("lastgood", "check")

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


class Sealed(BootedCase):
    """What systemd can do for it: the secret as a credential, the receiver's socket on a port that
    only root may open, and a folder that the app can't write to although it owns it."""

    HOOK = 443
    HOOK_LISTEN = "systemd"
    SECRET_FILE = "${CREDENTIALS_DIRECTORY:-/nonexistent}/hook"
    KEPT = "/var/lib/kept"
    APP_CONFIG = {"read_only_paths": [KEPT],
                  "build": f"if echo x >{KEPT}/file; then exit 1; fi; test -O {KEPT}"}

    @classmethod
    def prepare(cls, root):
        secret = root / "etc/hook-secret"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        (root / "etc/lastgood/secret").unlink()
        kept = root / cls.KEPT[1:]
        kept.mkdir()
        run("chroot", root, "chown", "lastgood", cls.KEPT)
        units = root / "etc/systemd/system"
        socket = (UNIT.parent / "lastgood.socket").read_text()
        (units / "lastgood.socket").write_text(
            socket.replace("0.0.0.0:8787", f"127.0.0.1:{cls.HOOK}"))
        drop_in = units / "lastgood.service.d"
        drop_in.mkdir()
        (drop_in / "sealed.conf").write_text(
            "[Service]\nLoadCredential=hook:/etc/hook-secret\n"
            "[Unit]\nRequires=lastgood.socket\nAfter=lastgood.socket\n")

    def test_a_push_goes_live(self):
        commit = self.deployed("sealed")
        self.assertEqual(commit, self.status()["commit"])
        (row,) = json.loads(self.lastgood("deliveries", "--json"))["deliveries"]
        self.assertEqual("deploy", row["decision"])
        self.assertEqual("", self.ok("ls", self.KEPT))

    def test_who_comes_while_it_is_stopped_starts_it(self):
        self.ok("systemctl", "stop", "lastgood")
        self.assertEqual("inactive", self.inside("systemctl", "is-active", "lastgood").stdout.strip())
        answer = self.curl(f"http://127.0.0.1:{self.HOOK}/healthz")
        self.assertTrue(answer.endswith("200"), answer)
        self.assertEqual("active", self.ok("systemctl", "is-active", "lastgood"))


class UnderLoad(BootedCase):
    """All that can happen to an app, under a real systemd, while users ask without a pause. Half an
    hour of it by hand: LASTGOOD_LOAD_DEPLOYMENTS=50."""

    DEPLOYMENTS = int(os.environ.get("LASTGOOD_LOAD_DEPLOYMENTS", "10"))
    THREADS = 4
    APP_CONFIG = {"ready": {"http": "/", "within": "1s"},
                  "crash_loop": {"crashes": 3, "within": "60s"}}
    BAD = ({"start": "exit"}, {"start": "never_ready"})

    ASKING = """
import json, os, sys, time
sys.path.insert(0, "/srv")
from load import Load
with Load({port}, {threads}) as load:
    while not os.path.exists("/run/enough"):
        time.sleep(0.05)
print(json.dumps({{"total": load.total, "kinds": load.kinds(), "versions": len(load.answered),
                  "slowest": load.slowest}}))
"""

    @classmethod
    def prepare(cls, root):
        shutil.copy(ROOT / "tests/e2e/load.py", root / "srv/load.py")

    def settled(self):
        wait_until(lambda: self.inside("lastgood", "status").returncode == 0, "the daemon's answer")
        wait_until(lambda: self.status()["state"] == "running", "running")

    def deploy(self, number, bad):
        commit = self.repo.commit(f"v{number}", **bad)
        self.push(commit)

        def ended():
            rows = json.loads(self.lastgood("history", "--json", "-n", "5"))["deployments"]
            return [row for row in rows if row["commit"] == commit and row["outcome"]]

        (row, *_) = wait_until(ended, f"the end of {number}")
        self.assertEqual("failed" if bad else "good", row["outcome"], row)
        self.settled()

    def upgrade(self):
        """Another program in the old one's place, as a package does it."""
        new = self.machine.root / "usr/bin/lastgood.new"
        shutil.copy(BINARY, new)
        with open(new, "ab") as file:
            file.write(b"\0")
        new.rename(self.machine.root / "usr/bin/lastgood")
        self.ok("systemctl", "restart", "lastgood")

    def test_no_request_is_lost(self):
        self.deployed("first")
        self.settled()
        asking = subprocess.Popen(
            ["nsenter", "-t", self.machine.init, "-a", "--", PYTHON, "-c",
             self.ASKING.format(port=self.APP, threads=self.THREADS)],
            stdout=subprocess.PIPE, text=True)
        crashes = kills = 0
        try:
            for number in range(self.DEPLOYMENTS):
                self.deploy(number, self.BAD[number % 2] if number % 5 in (1, 3) else {})
                if number % 5 == 2:
                    pid = self.status()["pid"]
                    self.ok("kill", "-9", str(pid))
                    crashes += 1
                    wait_until(lambda: self.status()["pid"] not in (0, pid), "a new process")
                if number % 10 == 4:
                    old = self.show("MainPID")
                    self.ok("kill", "-9", old)
                    kills += 1
                    wait_until(lambda: self.show("MainPID") not in ("0", old), "a new daemon")
                if number == self.DEPLOYMENTS // 2:
                    pid = self.status()["pid"]
                    self.upgrade()
                    self.settled()
                    self.assertEqual(pid, self.status()["pid"], "an upgrade restarts no app")
                self.settled()
        finally:
            self.inside("touch", "/run/enough")
            out, _ = asking.communicate(timeout=40)
        load = json.loads(out)
        # Only what a process that was killed was just answering.
        self.assertLessEqual(sum(load["kinds"].values()), crashes * self.THREADS, load)
        self.assertLessEqual(set(load["kinds"]), {"cut"}, load)
        self.assertGreater(load["versions"], self.DEPLOYMENTS // 2)
        print(f"@note {load['total']} requests over {self.DEPLOYMENTS} deployments, {crashes} crashes, "
              f"{kills} kills and an upgrade: {sum(load['kinds'].values())} failed, held by a killed "
              f"process; the slowest {load['slowest'] * 1000:.0f} ms")


if __name__ == "__main__":
    unittest.main()
