"""Apps behind a proxy: each slot has a port of its own, and a hook tells a real proxy where users go."""

import shutil
import signal
import subprocess
import textwrap
import unittest

from harness import ENVIRONMENT, ROOT, Case, free_port, get, text_of, wait_until
from load import Load

HOOKS = ROOT / "hooks" / "proxy"


class Proxied(Case):
    listen = False
    program = None
    resets_max = 0  # connections that the proxy itself loses when it reads its config again

    def setUp(self):
        if self.program is None:
            self.skipTest("for those below")
        if not shutil.which(self.program):
            self.skipTest(f"{self.program} is not installed")
        super().setUp()
        self.ports = [free_port(), free_port()]
        self.users = free_port()
        self.app["ports"] = self.ports
        self.app["ready"]["http"] = "/"
        self.app["proxy"] = [[str(HOOKS / self.program), *self.hook_words()]]
        self.begin()
        self.write_config()

    def start(self, *argv):
        proxy = subprocess.Popen(argv, cwd=self.folder, 
                                 env={**ENVIRONMENT, "XDG_CONFIG_HOME": str(self.folder)}, stdin=subprocess.DEVNULL,
                                 stdout=open(self.folder / "proxy.log", "ab"),
                                 stderr=subprocess.STDOUT, start_new_session=True)
        self.addCleanup(self.stop, proxy)

    @staticmethod
    def stop(proxy):
        proxy.send_signal(signal.SIGTERM)
        proxy.wait(10)

    def answers(self, version):
        """Through the proxy."""
        def look():
            try:
                return get(self.users)[1].split(" ")[0] == version
            except OSError:
                return False

        self.wait(look, f"{version} through the proxy")

    @staticmethod
    def is_reset(failure):
        """Also while it connects: a handshake ends on a socket that is being closed."""
        return failure.kind == "cut" or isinstance(failure.detail, ConnectionResetError)

    def check(self):
        first = self.first_good()
        self.answers("v1")
        with Load(self.users) as load:
            second = self.repo.commit("v2")
            self.push(second)
            self.wait_good(second)
            self.wait_one_process()
            self.answers("v2")
            third = self.repo.commit("v3")
            self.push(third)
            self.wait_good(third)
            self.wait_one_process()
            self.answers("v3")
            self.grow(load, 100)
        lost = [failure for failure in load.failures if self.is_reset(failure)]
        self.assertLessEqual(len(lost), self.resets_max)
        self.assertEqual([], [failure for failure in load.failures if failure not in lost])
        self.assertEqual({"v1", "v2", "v3"}, set(load.answered))
        # A bad one: users are with the one before again.
        bad = self.repo.commit("v4", crash_after_ms=200)
        self.push(bad)
        self.wait_outcome(bad, "rolled_back")
        self.answers("v3")
        self.assertEqual(third, self.status()["commit"])
        self.assertNotEqual(first, third)
        # And the daemon says again where they belong.
        self.daemon.kill()
        self.daemon.start()
        self.answers("v3")


class ByHand(unittest.TestCase):
    def test_without_its_words_each_hook_says_them(self):
        for hook in HOOKS.iterdir():
            done = subprocess.run([hook], env=ENVIRONMENT, capture_output=True, text=True)
            self.assertEqual((2, ""), (done.returncode, done.stdout), hook.name)
            self.assertRegex(done.stderr, f"^usage: proxy: {hook} [A-Z]+ .*\n$")


class Nginx(Proxied):
    program = "nginx"

    def hook_words(self):
        self.upstream = self.folder / "upstream.conf"
        self.conf = self.folder / "nginx.conf"
        return [str(self.upstream), "nginx", "-p", str(self.folder), "-e", "stderr", "-c",
                str(self.conf), "-s", "reload"]

    def begin(self):
        self.upstream.write_text(f"server 127.0.0.1:{self.ports[0]};\n")
        self.conf.write_text(textwrap.dedent(f"""\
            daemon off;
            pid {self.folder}/nginx.pid;
            events {{ }}
            http {{
                access_log off;
                client_body_temp_path {self.folder}/body;
                proxy_temp_path {self.folder}/proxy;
                fastcgi_temp_path {self.folder}/fastcgi;
                uwsgi_temp_path {self.folder}/uwsgi;
                scgi_temp_path {self.folder}/scgi;
                upstream app {{ include {self.upstream}; }}
                server {{
                    listen 127.0.0.1:{self.users};
                    location / {{ proxy_pass http://app; }}
                }}
            }}
            """))
        self.start("nginx", "-p", str(self.folder), "-e", "stderr", "-c", str(self.conf))

    def test_users_go_where_they_belong(self):
        self.check()


class Caddy(Proxied):
    program = "caddy"
    resets_max = 5  # it closes a socket while some wait in its queue

    def hook_words(self):
        self.admin = f"127.0.0.1:{free_port()}"
        self.upstream = self.folder / "upstream"
        self.conf = self.folder / "Caddyfile"
        return [str(self.upstream), str(self.conf), self.admin]

    def begin(self):
        self.upstream.write_text(f"to 127.0.0.1:{self.ports[0]}\n")
        self.conf.write_text(textwrap.dedent(f"""\
            {{
                admin {self.admin}
                auto_https off
            }}
            :{self.users} {{
                bind 127.0.0.1
                reverse_proxy {{
                    import {self.upstream}
                    lb_policy first
                    lb_try_duration 2s
                    fail_duration 1s
                }}
            }}
            """))
        self.start("caddy", "run", "--config", str(self.conf), "--adapter", "caddyfile")

    def test_users_go_where_they_belong(self):
        self.check()


class Haproxy(Proxied):
    program = "haproxy"

    def hook_words(self):
        if not shutil.which("socat"):
            self.skipTest("socat is not installed")
        self.socket = self.folder / "haproxy.sock"
        return [str(self.socket), "app"]

    def begin(self):
        conf = self.folder / "haproxy.cfg"
        conf.write_text(textwrap.dedent(f"""\
            global
                stats socket {self.socket} mode 600 level admin
            defaults
                mode http
                timeout connect 2s
                timeout client 10s
                timeout server 10s
            frontend users
                bind 127.0.0.1:{self.users}
                default_backend app
            backend app
                option redispatch
                retries 3
                server blue 127.0.0.1:{self.ports[0]}
                server green 127.0.0.1:{self.ports[1]} disabled
            """))
        self.start("haproxy", "-db", "-f", str(conf))
        wait_until(self.socket.exists, "haproxy's socket")

    def test_users_go_where_they_belong(self):
        self.check()


class HookThatFails(Case):
    listen = False

    def test_it_is_told_and_tried_again(self):
        ports = [free_port(), free_port()]
        gate = self.folder / "gate"
        self.app["ports"] = ports
        self.app["ready"]["http"] = "/"
        told = self.folder / "told"
        self.app["proxy"] = f'test -e {gate} || {{ echo closed; exit 4; }}; echo $LASTGOOD_PORT $LASTGOOD_OTHER_PORT $LASTGOOD_SLOT > {told}'
        self.first_good()
        self.wait(lambda: "the proxy was not switched to slot" in self.daemon.log(), "its failure")
        self.assertIn("exited with status 4. Its last output: closed", self.daemon.log())
        gate.touch()
        self.wait(told.exists, "another try")
        slot = self.status()["slot"]
        mine, other = ports if slot == "blue" else reversed(ports)
        self.wait(lambda: text_of(told) == f"{mine} {other} {slot}\n", "what it was told")


if __name__ == "__main__":
    unittest.main()
