"""doctor: what it finds on a good server and on broken ones, and the mend that it tells."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import unittest

import certificates
from git_servers import Apache, Sshd, need
from harness import BINARY, PYTHON, Case, free_port, run

# What depends on the machine that runs the tests.
OF_THE_MACHINE = {"clock", "disk"}


class Doctor(Case):
    def setUp(self):
        super().setUp()
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()
        self.temporary.chmod(0o777)
        self.state.mkdir()

    def _end(self):
        left = os.listdir(self.temporary)
        super()._end()
        self.assertEqual([], left, "left behind in TMPDIR")

    def run_doctor(self, *arguments):
        self.write_config()
        return self.cli("doctor", *arguments, env={"TMPDIR": str(self.temporary)})

    def doctor(self, *arguments, expect=0):
        """The rows of --json."""
        done = self.run_doctor("--json", *arguments)
        if expect is not None:
            self.assertEqual(expect, done.returncode, (done.stdout, done.stderr))
        rows = json.loads(done.stdout)["checks"]
        for row in rows:
            self.assertEqual({"app", "check", "verdict", "found", "mend", "help"}, set(row))
            self.assertIn(row["verdict"], ("ok", "warn", "fail"))
            self.assertEqual(row["verdict"] == "ok", row["mend"] == "", row)
        failed = any(row["verdict"] == "fail" for row in rows)
        self.assertEqual(failed, done.returncode == 1, rows)
        return rows

    def row(self, rows, check, app="backend"):
        found = [row for row in rows if (row["app"], row["check"]) == (app, check)]
        self.assertTrue(found, f"no {check} of {app} in {json.dumps(rows, indent=1)}")
        return found[0]

    def told(self, verdict, check, *parts, app="backend", rows=None, mend=""):
        """Only this one is not well."""
        rows = rows or self.doctor(expect=1 if verdict == "fail" else 0)
        row = self.row(rows, check, app)
        self.assertEqual(verdict, row["verdict"], row)
        for part in parts:
            self.assertIn(str(part), row["found"])
        self.assertIn(str(mend), row["mend"])
        # The ports of a daemon that has ended may be another test's by now.
        others = [r for r in rows if r["verdict"] == "fail" and r is not row
                  and (r["check"] != "port" or check == "port")]
        self.assertEqual([], others)
        return row


class Good(Doctor):
    def test_with_the_daemon_all_is_well(self):
        self.first_good()
        rows = self.doctor()
        for row in rows:
            if row["check"] not in OF_THE_MACHINE:
                self.assertEqual("ok", row["verdict"], row)
        seen = {(row["app"], row["check"]) for row in rows}
        for check in ("config", "user", "state_dir", "runtime_dir", "disk", "daemon", "journal",
                      "secret", "port", "receiver"):
            self.assertIn((None, check), seen)
        for check in ("state", "run", "port", "transport", "remote", "branch", "exact commits",
                      "mirror"):
            self.assertIn(("backend", check), seen)
        self.assertIn(str(self.daemon.pid), self.row(rows, "daemon", None)["found"])
        self.assertIn("held by the daemon", self.row(rows, "port")["found"])
        self.assertIn("whole, ", self.row(rows, "mirror")["found"])
        self.assertIn(self.repo.tip()[:7], self.row(rows, "branch")["found"])

    def test_without_the_daemon_it_says_so_and_the_rest_is_well(self):
        self.repo.commit("v1")
        rows = self.doctor()
        self.told("warn", "daemon", "doesn't run", app=None, rows=rows,
                  mend="systemctl start lastgood")
        self.assertIn("is free", self.row(rows, "port")["found"])
        self.assertIn("is free", self.row(rows, "port", None)["found"])
        self.assertEqual([], os.listdir(self.state), "nothing is made in state_dir")

    def test_a_port_that_the_app_is_not_told(self):
        self.repo.commit("v1")
        self.app.update({"adopt": "preload", "env": {"PORT": self.app_port}})
        self.assertEqual([], [row for row in self.doctor() if row["check"] == "listen"])
        self.app["env"]["PORT"] = 1234
        self.told("warn", "listen", "PORT of env is 1234", self.app_port, mend="the same port")

    def test_people_get_a_line_for_each_and_a_sum(self):
        self.repo.commit("v1")
        lines = self.run_doctor().stdout.splitlines()
        for line in lines[:-1]:
            self.assertRegex(line, r"^(OK    |WARN  |FAIL  )\S")
        self.assertRegex(lines[-1], r"^\d+ OK, \d+ WARN, 0 FAIL$")

    def test_one_app_alone(self):
        self.repo.commit("v1")
        self.config["apps"]["other"] = {**self.app, "repo": "/nonexistent", "listen": "127.0.0.1:1"}
        rows = self.doctor("backend")
        self.assertEqual({None, "backend"}, {row["app"] for row in rows})
        done = self.run_doctor("backnd")
        self.assertEqual(2, done.returncode)
        self.assertIn("did you mean backend", done.stderr)


class Config(Doctor):
    def test_faults_are_told_as_check_tells_them(self):
        self.app["brnch"] = self.app.pop("branch")
        done = self.run_doctor()
        self.assertEqual(2, done.returncode)
        self.assertEqual(self.cli("check").stderr, done.stderr)
        self.assertEqual(self.cli("check", "--json").stdout, self.run_doctor("--json").stdout)

    def test_a_weak_secret(self):
        self.repo.commit("v1")
        (self.folder / "secret").write_text("a" * 32 + "\n")
        row = self.told("fail", "secret", "is one character, repeated", app=None,
                        mend="openssl rand -hex 32")
        self.assertNotIn("aaaa", row["found"])

    def test_a_secret_that_everybody_can_read(self):
        self.repo.commit("v1")
        (self.folder / "secret").chmod(0o644)
        self.told("fail", "secret", "mode 0644", app=None, mend="chmod o-rwx")

    def test_a_password_in_a_config_that_everybody_can_read(self):
        self.repo.commit("v1")
        self.app["repo"] = "http://127.0.0.1:1/x.git"
        self.app["auth"] = {"proxy": "http://ann:t0ken@127.0.0.1:1"}
        self.write_config()
        self.config_path.chmod(0o644)
        done = self.cli("doctor", env={"TMPDIR": str(self.temporary)})
        self.assertIn("holds a password", done.stdout)
        self.assertNotIn("t0ken", done.stdout)

    def test_a_program_that_is_not_installed(self):
        self.repo.commit("v1")
        self.app["run"] = ["no-such-program"]
        self.app["env"] = {"PATH": "/usr/bin"}
        self.told("fail", "run", "no-such-program is not in PATH")
        self.app["run"] = "exec cat"
        self.app["build"] = ["[ -d modules ] || no-such-tool install", "true"]
        self.told("fail", "build", "no-such-tool is not in PATH")


class Machine(Doctor):
    def test_ports_that_another_program_has(self):
        self.repo.commit("v1")
        for check, port in ((None, self.hook_port), ("backend", self.app_port)):
            with self.subTest(port=port), socket.create_server(("127.0.0.1", port)):
                self.told("fail", "port", f"process {os.getpid()}", app=check,
                          mend="end that program")

    def test_an_app_that_the_daemon_does_not_know_yet(self):
        self.first_good()
        self.config["apps"]["other"] = {**self.app, "listen": f"127.0.0.1:{free_port()}"}
        rows = self.doctor("other", expect=1)
        self.assertIn("doesn't know it", self.row(rows, "state", "other")["found"])
        self.assertIn("systemctl reload", self.row(rows, "state", "other")["mend"])
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.config["apps"]["other"]["listen"] = f"127.0.0.1:{port}"
            row = self.row(self.doctor("other", expect=1), "state", "other")
        self.assertIn(f"127.0.0.1:{port} is held by", row["found"])
        self.assertIn("end that program", row["mend"])
        self.assertIn("nobody listens", self.row(rows, "port", "other")["found"])

    def test_another_config_than_the_daemons(self):
        self.first_good()
        mine, self.config_path = self.config_path, self.folder / "another.yaml"
        self.config["apps"] = {"other": {**self.app, "listen": f"127.0.0.1:{free_port()}"}}
        rows = self.doctor()
        self.assertIn(f"reads another config, {mine}", [r for r in rows if r["check"] == "daemon"][-1]["found"])
        self.assertFalse([r for r in rows if r["check"] == "state"])

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_a_repository_that_the_daemon_does_not_see(self):
        if run("unshare", "-m", "true").returncode != 0:
            self.skipTest("can't make a mount namespace here")
        bare = tempfile.mkdtemp(prefix="lastgood-doctor-", dir="/tmp")
        self.addCleanup(shutil.rmtree, bare)
        self.repo.commit("v1")
        subprocess.run(["cp", "-r", f"{self.repo.path}/.", bare], check=True)
        self.config["apps"]["other"] = {**self.app, "repo": bare, "listen": f"127.0.0.1:{free_port()}"}
        # As PrivateTmp has it, but for the test's own folder and the program.
        own_tmp = ("mount --rbind /tmp /mnt && mount -t tmpfs none /tmp && for one in $KEPT; do "
                   "case $one in /tmp/*) mkdir -p $one && mount --bind /mnt${one#/tmp} $one ;; esac; "
                   'done; exec "$@"')
        self.serve(prefix=("unshare", "-m", "sh", "-c", own_tmp, "sh"),
                   env={"KEPT": f"{self.folder} {os.path.dirname(BINARY)}"})
        rows = self.doctor(expect=None)
        row = self.row(rows, "tmp", "other")
        self.assertEqual("warn", row["verdict"])
        self.assertIn(f"repo is {bare}, and the daemon has a /tmp of its own", row["found"])

    def test_an_app_that_outlived_its_daemon_is_no_stranger(self):
        self.first_good()
        self.daemon.kill()
        self.daemon.forget()  # the hook's socket, which the test keeps as systemd would
        rows = self.doctor(expect=None)
        self.assertIn("by the app itself", self.row(rows, "port")["found"])
        self.daemon.start()

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_a_full_disk(self):
        self.repo.commit("v1")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", self.state])
        if mounted.returncode != 0:
            self.skipTest("can't mount a tmpfs here")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.state)])
        self.told("fail", "disk", "free in", self.state, app=None, mend="du -xh")

    def test_an_env_file_with_a_line_that_is_none(self):
        self.repo.commit("v1")
        env_file = self.folder / "app.env"
        env_file.write_text("A=b\nKEY=\"-----BEGIN\nabc\"\n")
        env_file.chmod(0o600)
        self.app["env_file"] = str(env_file)
        self.told("fail", "env file", "app.env:2: a quote is not closed")

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_a_key_that_the_daemons_user_can_not_read(self):
        self.repo.commit("v1")
        probe = run("setpriv", "--reuid=nobody", "--clear-groups", BINARY, "version")
        if probe.returncode != 0:
            self.skipTest("nobody can't run this binary where it is")
        key = self.folder / "id"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        self.app["repo"] = "ssh://git@127.0.0.1:1/srv/x.git"
        self.app["auth"] = {"ssh_key": str(key)}
        self.write_config()
        for path in (self.state, self.folder / "secret", self.config_path):
            shutil.chown(path, "nobody")
        row = self.row(self.doctor(expect=1), "ssh key")
        self.assertEqual(("fail", f"{key} can't be read by nobody"), (row["verdict"], row["found"]))
        self.assertIn(f"chown nobody {key}", row["mend"])
        shutil.chown(key, "nobody")
        key.chmod(0o640)
        row = self.row(self.doctor(expect=1), "ssh key")
        self.assertEqual("fail", row["verdict"])
        self.assertIn("ssh refuses it", row["found"])
        self.assertIn(f"chmod 600 {key}", row["mend"])

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_check_refuses_what_the_daemons_user_can_not_use(self):
        probe = run("setpriv", "--reuid=nobody", "--clear-groups", BINARY, "version")
        if probe.returncode != 0:
            self.skipTest("nobody can't run this binary where it is")
        env_file = self.folder / "closed" / "app.env"
        env_file.parent.mkdir()
        env_file.write_text("A=b\n")
        self.app["env_file"] = str(env_file)
        self.app["user"] = "games"
        self.write_config()
        self.assertEqual(0, self.cli("check").returncode, "nobody runs it: who would need to read it?")
        self.runtime.mkdir(exist_ok=True)
        self.runtime.chmod(0o777)
        for path in (self.folder / "secret", self.config_path, env_file):
            path.chmod(0o600)
        # Whom the daemon runs as is told by who listens.
        listening = ("import socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); "
                     "s.listen(); print('listens', flush=True); time.sleep(60)")
        with subprocess.Popen(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                               PYTHON, "-c", listening, self.runtime / "control.sock"],
                              stdout=subprocess.PIPE, text=True) as daemon:
            try:
                self.assertEqual("listens\n", daemon.stdout.readline())
                self._refuses_and_takes(env_file)
            finally:
                daemon.kill()

    def _refuses_and_takes(self, env_file):
        done = self.cli("check")
        self.assertEqual(2, done.returncode, done.stdout)
        place = rf"{self.config_path}:\d+:\d+: "
        for path, key in ((self.folder / "secret", "webhook.secret_file: "), (self.config_path, ""),
                          (env_file, "apps.backend.env_file: ")):
            self.assertRegex(done.stderr, f"{place}{key}{path} can't be read by nobody, as whom the "
                                          f"daemon runs; .*chown nobody {path}\n")
        self.assertRegex(done.stderr, place + "apps.backend.user: only root can run it as games, and "
                                              "the daemon runs as nobody; ")
        for path in (self.folder / "secret", self.config_path, env_file):
            shutil.chown(path, "nobody")
        env_file.parent.chmod(0o700)
        self.app["user"] = "nobody"
        self.config_path.write_text(json.dumps(self.config, indent=2))
        (told, _) = self.cli("check").stderr.splitlines()
        self.assertIn(f"let it into {env_file.parent}, or put the file into another folder", told)
        env_file.parent.chmod(0o755)
        self.assertEqual("", self.cli("check").stderr)

    def test_a_certificate_that_expires_soon(self):
        self.repo.commit("v1")
        need("openssl", "openssl")
        for name in ("one", "two"):
            certificates.make_self_signed(self.folder, name, days=3)
        tls = {"cert": str(self.folder / "one.crt"), "key": str(self.folder / "one.key")}
        self.config["webhook"]["tls"] = tls
        self.told("warn", "certificate", "CN=one", "expires in", app=None,
                  mend="systemctl reload lastgood")
        self.serve()
        self.assertIn("with its certificate", self.row(self.doctor(), "receiver", None)["found"])
        tls["key"] = str(self.folder / "two.key")
        self.told("fail", "certificate", "isn't that of the certificate", app=None)


class Remote(Doctor):
    def test_a_branch_that_is_not_there(self):
        self.repo.commit("v1")
        self.app["branch"] = "live"
        self.told("fail", "branch", "branch live", mend=f"git ls-remote --heads {self.repo.path}")

    def test_a_repository_that_is_not_there(self):
        self.app["repo"] = str(self.folder / "nowhere.git")
        self.told("fail", "remote", "nowhere.git", mend="check `repo`")

    def test_ssh(self):
        self.repo.commit("v1")
        with Sshd(self.folder) as server:
            self.app["repo"] = server.url(self.repo)
            auth = {"ssh_key": str(server.key), "known_hosts": str(server.known_hosts)}
            self.app["auth"] = auth
            with self.subTest("all well"):
                rows = self.doctor()
                for check in ("ssh key", "known hosts", "host key", "remote", "branch",
                              "exact commits"):
                    self.assertEqual("ok", self.row(rows, check)["verdict"], check)
            with self.subTest("another key"):
                other = self.folder / "other"
                run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other)
                self.app["auth"] = {**auth, "ssh_key": str(other)}
                self.told("fail", "login", "Permission denied", mend="deploy keys")
            with self.subTest("an unknown host"):
                self.app["auth"] = auth
                server.known_hosts.write_text("")
                self.told("fail", "host key", mend=f"ssh-keyscan -p {server.port}")

    def test_http(self):
        self.repo.commit("v1")
        with Apache(self.folder, self.folder) as server:
            self.app["repo"] = server.url(self.repo)
            rows = self.doctor()
            self.assertIn("as that of localhost",
                          [r for r in rows if r["check"] == "clock"][-1]["found"])
            self.assertEqual("ok", self.row(rows, "exact commits")["verdict"])
            token = self.folder / "token"
            token.write_text("wrong\n")
            token.chmod(0o600)
            self.app["repo"] = server.url(self.repo, private=True)
            self.app["auth"] = {"username": "deploy", "token_file": str(token)}
            self.told("fail", "login", mend="auth.token_file")

    def test_libgit2_tells_what_it_can_not_do(self):
        self.repo.commit("v1")
        self.app["transport"] = "libgit2"
        self.told("warn", "transport", "libgit2 1.", "no deadlines", mend="apt install git")

    def test_the_mirror_is_looked_at_and_left_alone(self):
        self.first_good()
        self.daemon.stop()
        mirror = self.state / "apps" / "backend" / "repo.git"
        shutil.rmtree(mirror / "objects")
        (mirror / "objects").mkdir()
        self.told("fail", "mirror", "damaged", mend=f"mv {mirror}")
        self.assertEqual([], os.listdir(mirror / "objects"))


if __name__ == "__main__":
    unittest.main()
