"""The three kinds of git servers, right and in every way wrong: what is wrong is told with its mend
and within the deadline, users are never disturbed, and the next good push deploys."""

import unittest

from bad_remotes import PAGE, REF, answers, endless, noise, says
from git_servers import Apache, Sshd
from harness import run
from relay import GitDaemon
from servers_world import BIG, LATE, Servers

CUT_OFF = "the remote ended the connection"
NOT_GIT = "doesn't speak git's protocol"
IN_TROUBLE = "the trouble is the server's own"
# In the midst of the greeting, of the list of refs, of the pack.
COUNTS = (0, 1, 4, 100, 2000, BIG // 2)


def hangs(counts=COUNTS):
    return [(f"hangs after {n}", lambda app, n=n: app.relay.hang_after(n), [LATE]) for n in counts]


def closes(counts=COUNTS):
    return [(f"closes after {n}", lambda app, n=n: app.relay.close_after(n), [CUT_OFF])
            for n in counts]


def rubbish(**kinds):
    return [(name, lambda app, talk=talk: app.relay.speak(talk), words)
            for name, (talk, *words) in kinds.items()]


class GitProtocol(Servers):
    def start_server(self):
        return self.enterContext(GitDaemon(self.folder))

    def url(self, app):
        return f"git://127.0.0.1:{app.relay.port}/backend.git"

    def test_a_server_that_fails_in_the_midst_or_talks_rubbish(self):
        self.outlives(hangs() + closes() + rubbish(
            random_bytes=(says(noise(4096)), NOT_GIT),
            a_page=(says(PAGE), NOT_GIT),
            a_length_that_is_none=(says(b"zzzz"), NOT_GIT),
            a_length_that_is_too_short=(says(b"0003"), NOT_GIT),
            a_length_that_is_too_long=(says(b"fff0abc"), CUT_OFF),
            letters_without_end=(endless(b"", b"x" * 65536), NOT_GIT),
            refs_without_end=(endless(b"", REF * 1000), LATE),
        ))


class GitProtocolByLibgit2(GitProtocol):
    transport = "libgit2"


class Http(Servers):
    page_without_end = LATE
    circles = ("redirects", NOT_GIT)

    def start_server(self):
        return self.enterContext(Apache(self.folder, self.folder))

    def url(self, app):
        return f"http://localhost:{app.relay.port}/git/backend.git"

    def test_a_server_that_fails_in_the_midst_or_talks_rubbish(self):
        advertisement = "Content-Type: application/x-git-upload-pack-advertisement"
        page = "Content-Type: text/html"
        head = f"HTTP/1.1 200 OK\r\n{page}\r\n\r\n".encode()
        self.outlives(hangs() + closes() + rubbish(
            random_bytes=(says(noise(4096)), NOT_GIT),
            a_page=(answers("200 OK", page, body=PAGE), NOT_GIT),
            a_length_that_is_none=(answers("200 OK", advertisement, body=b"zzzz"), NOT_GIT),
            a_page_without_end=(endless(head, b"x" * 65536, asked=True), self.page_without_end),
            broken=(answers("500 Internal Server Error", page, body=PAGE), "500", IN_TROUBLE),
            forbidden=(answers("403 Forbidden", page, body=PAGE), "403", "auth.token_file"),
            a_redirect_in_circles=(answers("302 Found", "Location: /git/backend.git/info/refs"
                                           "?service=git-upload-pack"), *self.circles),
        ))


class HttpByLibgit2(Http):
    transport = "libgit2"
    page_without_end = NOT_GIT  # its kind is looked at first
    circles = ("too many redirects",)  # or a wrong password: the library can't tell them apart


class Https(Servers):
    def start_server(self):
        tls = {"tls": True}
        self.expired = self.enterContext(
            Apache(self.folder, self.folder, **tls, name="expired", expired=True))
        self.another = self.enterContext(
            Apache(self.folder, self.folder, **tls, name="another", host="elsewhere.example"))
        return self.enterContext(Apache(self.folder, self.folder, **tls))

    def url(self, app):
        return f"https://localhost:{app.relay.port}/private/backend.git"

    def right_files(self, app):
        return {"ca_file": self.authority(self.server),
                "token_file": self.server.PASSWORD + "\n"}

    def auth(self, app):
        return {**super().auth(app), "username": "deploy"}

    @staticmethod
    def authority(server):
        return (server.folder / "ca.crt").read_text()

    def is_served_by(self, server):
        def begin(app):
            app.relay.target = server.port
            app.write("ca_file", self.authority(server))
        return begin

    def certificates(self):
        see = "openssl s_client -verify_hostname localhost -connect localhost:"
        return [
            ("an expired certificate", self.is_served_by(self.expired),
             ["certificate", (see, "its operator must renew it")]),  # as much as git was told
            ("another's certificate", self.is_served_by(self.another),
             ["does not match", "made out to another"]),
            ("another authority",
             lambda app: app.write("ca_file", self.authority(self.another)),
             ["certificate", see, "auth.ca_file"]),
        ]

    def test_wrong_certificates_and_passwords_and_a_server_that_fails(self):
        wrong_password = ("a wrong password", lambda app: app.write("token_file", "wrong\n"),
                          ["check auth.token_file"])
        self.outlives(
            hangs((100, BIG // 2)) + closes((100, 2000, BIG // 2)) + self.certificates()
            + [wrong_password] + rubbish(no_tls=(says(PAGE), NOT_GIT)))
        self.assertNotIn(self.server.PASSWORD, self.daemon.log())


class HttpsByLibgit2(Https):
    transport = "libgit2"

    def certificates(self):
        return [(name, begin, ["certificate"]) for name, begin, _ in super().certificates()]


class Ssh(Servers):
    no_banner = banner_without_end = NOT_GIT

    def start_server(self):
        server = self.enterContext(Sshd(self.folder))
        for name in ("stranger", "rubbish"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name)
        with open(server.folder / "authorized_keys", "a", encoding="ascii") as keys:
            public = (self.folder / "rubbish.pub").read_text()
            keys.write(f'restrict,command="printf zzzz" {public}')
        self.host_key = (server.folder / "host.pub").read_text()
        return server

    def url(self, app):
        return f"ssh://{self.server.user}@127.0.0.1:{app.relay.port}{self.repo.path}"

    def known(self, app, public):
        return f"[127.0.0.1]:{app.relay.port} " + " ".join(public.split()[:2]) + "\n"

    def right_files(self, app):
        return {"ssh_key": self.server.key.read_text(),
                "known_hosts": self.known(app, self.host_key)}

    def fingerprint(self):
        return run("ssh-keygen", "-l", "-f", self.server.folder / "host.pub").stdout.split()[1]

    def has_key(self, name):
        return lambda app: app.write("ssh_key", (self.folder / name).read_text())

    def credentials(self):
        shown = f"it showed {self.fingerprint()}"
        stranger = (self.folder / "stranger.pub").read_text()
        return [
            ("an unknown host", lambda app: app.write("known_hosts", ""),
             ["ssh-keyscan -p ", "/known_hosts`", shown]),
            ("a changed host key", lambda app: app.write("known_hosts", self.known(app, stranger)),
             ["ssh-keyscan -p ", "/known_hosts`", shown]),
            ("a key that may not log in", self.has_key("stranger"),
             ["ssh-keygen -y -f ", "deploy keys"]),
            ("another program than git", self.has_key("rubbish"), [NOT_GIT]),
        ]

    def test_wrong_keys_and_a_server_that_fails_in_the_midst_or_talks_rubbish(self):
        self.outlives(hangs() + closes() + self.credentials() + rubbish(
            random_bytes=(says(noise(4096)), self.no_banner),
            a_page=(says(PAGE), CUT_OFF),
            letters_without_end=(endless(b"", b"x" * 65536), self.banner_without_end),
        ))


class SshByLibgit2(Ssh):
    transport = "libgit2"
    no_banner = "is no ssh server"
    banner_without_end = "took longer than"  # the library reads on until the deadline


if __name__ == "__main__":
    unittest.main()
