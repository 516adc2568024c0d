"""A systemd that has really booted, with the unit as it is shipped in it."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import textwrap
import unittest

import webhooks
from harness import APP_COMMAND, BINARY, ENVIRONMENT, ROOT, SECRET, Repo, run, wait_until

UNIT = ROOT / "systemd" / "lastgood.service"


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


class BootedCase(unittest.TestCase):
    """One machine for all tests of a class: booting is half a second, but they tell one story."""

    alone = True
    HOOK = 8787
    APP = 3000
    HOOK_LISTEN = f"127.0.0.1:{HOOK}"
    SECRET_FILE = "/etc/lastgood/secret"
    APP_CONFIG = {}  # more of it

    @classmethod
    def setUpClass(cls):
        try:
            cls.make_machine()
        except unittest.SkipTest:
            if machine := getattr(cls, "machine", None):
                machine.end()
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
        app = json.dumps({"repo": "/srv/backend.git", "run": APP_COMMAND,
                          "listen": f"127.0.0.1:{cls.APP}", "ready": {"http": "/"},
                          "probation": "300ms", **cls.APP_CONFIG})
        etc = root / "etc/lastgood"
        etc.mkdir(exist_ok=True)
        (etc / "secret").write_text(SECRET + "\n")
        (etc / "lastgood.yaml").write_text(textwrap.dedent(f"""\
            webhook:
              listen: {cls.HOOK_LISTEN}
              secret_file: {cls.SECRET_FILE}
            log: {{ journald: true }}
            apps:
              backend: {app}
            """))
        run("chroot", root, "chown", "-R", "lastgood:lastgood", "/etc/lastgood", "/srv/backend.git")
        (etc / "secret").chmod(0o600)
        cls.prepare(root)
        cls.machine.boot()

    @classmethod
    def prepare(cls, root):
        """What a class wants otherwise, before the machine boots."""

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

    def push_to(self, url, secret, commit):
        """A signed push, sent from inside (the machine has a network of its own): the answer and its status."""
        body = json.dumps(webhooks.push_payload(commit, "refs/heads/main"), separators=(",", ":"))
        signature = webhooks.hub_signature(secret, body.encode())
        return self.curl(url, "-H", "Content-Type: application/json", "-H", "X-GitHub-Event: push",
                         "-H", f"X-GitHub-Delivery: {commit}", "-H", f"X-Hub-Signature-256: {signature}",
                         "--data-binary", body)

    def push(self, commit):
        answer = self.push_to(f"http://127.0.0.1:{self.HOOK}/hooks/backend", SECRET, commit)
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
