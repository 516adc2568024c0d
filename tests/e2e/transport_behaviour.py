"""Every way to reach a repository, each with a real server, from the push to the live commit."""

import contextlib
import pathlib
import threading
import unittest

from git_servers import Apache, Sshd
from harness import SECRET, Case, run
from relay import GitDaemon, Relay


class Transport(Case):
    def deploys(self, url, **serve):
        """Two commits, so that a fetch into a mirror that has something is tried too."""
        self.app["repo"] = url
        first = self.repo.commit("v1")
        self.serve(**serve)
        self.push(first)
        self.wait_good(first)
        second = self.repo.commit("v2")
        self.push(second, before=first)
        self.wait_good(second)
        self.assertEqual("v2", self.version())

    def fails_to_fetch(self, url, *parts):
        self.app["repo"] = url
        commit = self.repo.commit("v1")
        self.serve()
        self.push(commit)
        self.wait(
            lambda: all(part in self.daemon.log() for part in parts), f"the log to say {parts}"
        )
        self.assertEqual("", self.status()["commit"])


class Local(Transport):
    def test_a_path(self):
        self.deploys(str(self.repo.path))

    def test_a_file_url(self):
        self.deploys(f"file://{self.repo.path}")


class Git(Transport):
    def test_git_daemon(self):
        with GitDaemon(self.folder) as server:
            self.deploys(f"git://127.0.0.1:{server.port}/backend.git")

    def test_a_server_that_falls_silent_does_not_stop_the_daemon(self):
        with GitDaemon(self.folder) as server, Relay(server.port) as relay:
            self.app["repo"] = f"git://127.0.0.1:{relay.port}/backend.git"
            first = self.first_good()
            relay.hold()
            second = self.repo.commit("v2")
            self.push(second)
            relay.wait_held()
            self.assertEqual("v1", self.version())
            self.cli_ok("restart", "backend")
            self.wait_live(first)
            third = self.repo.commit("v3")
            self.push(third)
            relay.release()
            self.wait_good(third)


class Ssh(Transport):
    def auth(self, server):
        self.app["auth"] = {"ssh_key": str(server.key), "known_hosts": str(server.known_hosts)}

    def test_ssh_with_a_key_and_a_known_host(self):
        with Sshd(self.folder) as server:
            self.auth(server)
            self.deploys(server.url(self.repo))

    def test_an_unknown_host_is_refused_with_the_mend(self):
        with Sshd(self.folder) as server:
            self.auth(server)
            server.known_hosts.write_text("")
            self.fails_to_fetch(server.url(self.repo), "known_hosts")

    def test_a_host_with_another_key_is_refused(self):
        with Sshd(self.folder) as server:
            self.auth(server)
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / "other")
            other = " ".join((self.folder / "other.pub").read_text().split()[:2])
            server.known_hosts.write_text(f"[127.0.0.1]:{server.port} {other}\n")
            self.fails_to_fetch(server.url(self.repo), "IDENTIFICATION HAS CHANGED", "known_hosts")

    def test_a_key_that_may_not_log_in_is_told(self):
        with Sshd(self.folder) as server:
            self.auth(server)
            (server.folder / "authorized_keys").write_text("")
            self.fails_to_fetch(server.url(self.repo), "Permission denied", str(server.key))


class Http(Transport):
    def served(self, **options):
        if self.is_root():
            run("chown", "-R", "www-data:", self.repo.path)
        return Apache(self.folder, self.folder, **options)

    @staticmethod
    def is_root():
        import os

        return os.geteuid() == 0

    def test_http(self):
        with self.served() as server:
            self.deploys(server.url(self.repo))

    def test_http_with_a_password_from_a_file(self):
        with self.served() as server:
            token = self.folder / "token"
            token.write_text(server.PASSWORD + "\n")
            token.chmod(0o600)
            self.app["auth"] = {"username": "deploy", "token_file": str(token)}
            self.deploys(server.url(self.repo, private=True))
            self.assertNotIn(server.PASSWORD, self.daemon.log())

    def test_secrets_are_in_no_log_no_argument_list_and_not_in_the_database(self):
        seen = set()
        over = threading.Event()

        def look():
            while not over.wait(0.01):
                for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                    with contextlib.suppress(OSError):
                        seen.add(path.read_bytes())

        env_file = self.folder / "app.env"
        env_file.write_text("DATABASE_PASSWORD=from-the-env-file\n")
        env_file.chmod(0o600)
        with self.served() as server:
            token = self.folder / "token"
            token.write_text(server.PASSWORD + "\n")
            token.chmod(0o600)
            self.app["auth"] = {"username": "deploy", "token_file": str(token)}
            self.app.update({"env_file": str(env_file), "env": {"TOKEN": "from-the-config"},
                             "build": "true"})
            looker = threading.Thread(target=look)
            looker.start()
            try:
                self.deploys(server.url(self.repo, private=True))
                self.cli_ok("restart", "backend")
            finally:
                over.set()
                looker.join()
        secrets = [word.encode() for word in
                   (SECRET, server.PASSWORD, "from-the-env-file", "from-the-config")]
        self.assertTrue(any(b"git-worker" in line for line in seen))
        written = [*self.state.rglob("*"), self.daemon.log_path, *self.runtime.rglob("*")]
        files = {str(path): path.read_bytes() for path in written if path.is_file()}
        self.assertTrue(any(name.endswith("lastgood.db") for name in files))
        for secret in secrets:
            self.assertEqual([], [line for line in seen if secret in line])
            self.assertEqual([], [name for name, content in files.items() if secret in content])

    def test_a_wrong_password_is_told_and_never_asked_for(self):
        with self.served() as server:
            token = self.folder / "token"
            token.write_text("wrong\n")
            token.chmod(0o600)
            self.app["auth"] = {"username": "deploy", "token_file": str(token)}
            self.fails_to_fetch(server.url(self.repo, private=True), "token_file")
            self.assertNotIn("wrong\n", self.daemon.log())

    def test_https_of_an_unknown_authority_is_refused(self):
        with self.served(tls=True) as server:
            self.fails_to_fetch(server.url(self.repo), "certificate")

    def test_https_of_an_authority_in_the_systems_store(self):
        """The daemon's environment names the store, as an administrator's would."""
        with self.served(tls=True) as server:
            ca = str(server.folder / "ca.crt")
            self.deploys(server.url(self.repo), env={"GIT_SSL_CAINFO": ca, "SSL_CERT_FILE": ca})


class Libgit2(Transport):
    """Where no git is installed: libgit2 fetches."""

    def setUp(self):
        super().setUp()
        self.app["transport"] = "libgit2"

    def test_a_path(self):
        self.deploys(str(self.repo.path))

    def test_git_daemon(self):
        with GitDaemon(self.folder) as server:
            self.deploys(f"git://127.0.0.1:{server.port}/backend.git")

    def test_http(self):
        if Http.is_root():
            run("chown", "-R", "www-data:", self.repo.path)
        with Apache(self.folder, self.folder) as server:
            self.deploys(server.url(self.repo))


if __name__ == "__main__":
    unittest.main()
