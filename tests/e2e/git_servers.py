"""Git servers as users have them: sshd with git-shell, and apache2 with git-http-backend. Each on a
port of its own on 127.0.0.1, with its files in a folder of the test; skipped where not installed."""

import contextlib
import getpass
import os
import shutil
import signal
import subprocess
import unittest

from certificates import make_ca, make_signed
from harness import ENVIRONMENT, free_port, run, wait_until
from relay import accepts

SERVED_ENVIRONMENT = {
    **ENVIRONMENT,
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}


def need(program, package):
    found = shutil.which(program, path=ENVIRONMENT["PATH"])
    if not found:
        raise unittest.SkipTest(f"{program} is not installed (package {package})")
    return found


class Server:
    def __enter__(self):
        self.process = subprocess.Popen(
            self.argv,
            env=SERVED_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=open(self.folder / "server.log", "ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until(lambda: accepts(self.port), " ".join(self.argv))
        except AssertionError:
            self.__exit__()
            raise AssertionError((self.folder / "server.log").read_text()) from None
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Sshd(Server):
    """The user that runs the tests logs in by key, and may run git's own commands only."""

    def __init__(self, folder):
        sshd = need("sshd", "openssh-server")
        self.folder = folder / "sshd"
        self.folder.mkdir()
        self.port = free_port()
        self.user = getpass.getuser()
        self.key = self.folder / "id"
        self.known_hosts = self.folder / "known_hosts"
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        for name in ("id", "host"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name)
        public = (self.folder / "id.pub").read_text()
        command = 'restrict,command="git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"" '
        (self.folder / "authorized_keys").write_text(command + public)
        host = " ".join((self.folder / "host.pub").read_text().split()[:2])
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {host}\n")
        config = self.folder / "sshd_config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host\n"
            f"AuthorizedKeysFile {self.folder}/authorized_keys\nPidFile none\n"
            "UsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n"
            "SetEnv GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*\n"
        )
        # OpenSSH from 9.8 on keeps out for a while who failed often: here that is every test.
        patient = config.with_name("patient")
        patient.write_text(config.read_text() + "PerSourcePenalties no\n")
        if run(sshd, "-t", "-f", patient).returncode == 0:
            config = patient
        self.argv = [sshd, "-D", "-e", "-f", str(config)]

    def url(self, repo):
        return f"ssh://{self.user}@127.0.0.1:{self.port}{repo.path}"

    def scp_url_needs_port_22(self):
        return self.port == 22


class Apache(Server):
    """Smart HTTP at /git/, the same behind a password at /private/; with tls by a CA of its own."""

    PASSWORD = "p:w/ö%41 $x"

    def __init__(self, folder, root, tls=False, name="apache", **certificate):
        apache = need("apache2", "apache2")
        self.folder = folder / name
        self.folder.mkdir()
        self.port = free_port()
        self.tls = tls
        self.root = root
        modules = "/usr/lib/apache2/modules"
        backend = "/usr/lib/git-core/git-http-backend"
        if os.geteuid() == 0:
            shutil.chown(self.folder, "www-data")
        lines = [
            f"ServerRoot {self.folder}",
            f"Listen 127.0.0.1:{self.port}",
            "ServerName localhost",
            f"PidFile {self.folder}/pid",
            f"ErrorLog {self.folder}/error.log",
            f"Mutex file:{self.folder} default",
        ]
        if os.geteuid() == 0:
            lines += ["User www-data", "Group www-data"]
        for name in ("mpm_event", "authn_core", "authn_file", "authz_core", "authz_user",
                     "auth_basic", "alias", "env", "cgid", "ssl"):
            lines.append(f"LoadModule {name}_module {modules}/mod_{name}.so")
        run("openssl", "version")
        hashed = subprocess.run(
            ["openssl", "passwd", "-apr1", "-stdin"], input=self.PASSWORD, text=True,
            capture_output=True, check=True, env=ENVIRONMENT,
        ).stdout.strip()
        (self.folder / "users").write_text(f"deploy:{hashed}\n")
        lines += [
            f"ScriptSock {self.folder}/cgid.sock",
            f"SetEnv GIT_PROJECT_ROOT {root}",
            "SetEnv GIT_HTTP_EXPORT_ALL 1",
            "SetEnv GIT_CONFIG_COUNT 1",
            "SetEnv GIT_CONFIG_KEY_0 safe.directory",
            "SetEnv GIT_CONFIG_VALUE_0 *",
            "SetEnvIf Git-Protocol \".*\" GIT_PROTOCOL=$0",
            f"ScriptAlias /git/ {backend}/",
            f"ScriptAlias /private/ {backend}/",
            "<Location /git/>",
            "Require all granted",
            "</Location>",
            "<Location /private/>",
            "AuthType Basic",
            "AuthName git",
            f"AuthUserFile {self.folder}/users",
            "Require valid-user",
            "</Location>",
        ]
        lines.insert(7, f"LoadModule setenvif_module {modules}/mod_setenvif.so")
        if tls:
            self._certificate(**certificate)
            lines += ["SSLEngine on", f"SSLCertificateFile {self.folder}/server.crt",
                      f"SSLCertificateKeyFile {self.folder}/server.key"]
        config = self.folder / "apache.conf"
        config.write_text("\n".join(lines) + "\n")
        self.argv = [apache, "-DFOREGROUND", "-f", str(config)]

    def _certificate(self, host="localhost", expired=False):
        make_ca(self.folder, f"CA of {self.folder.name}")
        names = f"DNS:{host}" + (",IP:127.0.0.1" if host == "localhost" else "")
        make_signed(self.folder, "server", names, expired)

    def url(self, repo, private=False):
        scheme = "https" if self.tls else "http"
        place = "private" if private else "git"
        return f"{scheme}://localhost:{self.port}/{place}/{repo.path.name}"
