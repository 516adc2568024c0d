"""The guides: their configs are valid, their commands exist, and nginx does what its page says."""

import http.client
import json
import pathlib
import re
import shutil
import ssl
import subprocess
import tempfile
import unittest

import certificates
import webhooks
from admin_client import TOKEN, add_admin
from harness import BINARY, ENVIRONMENT, ROOT, SECRET, Case, free_port, run

PAGES = [*sorted((ROOT / "docs" / "guides").glob("*.md")), ROOT / "docs" / "from-polling.md"]
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.M | re.S)


def blocks(page, kind):
    for indent, language, text in FENCE.findall(page.read_text("utf-8")):
        if language == kind:
            yield "".join(line.removeprefix(indent) for line in text.splitlines(keepends=True))


class Pages(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in ("secret", "id_ed25519", "known_hosts", "backend.env", "shop.env"):
            (self.folder / name).write_text("" if name.endswith("env") else SECRET + "\n")
            (self.folder / name).chmod(0o600)

    def test_each_config_is_valid(self):
        count = 0
        for page in PAGES:
            for text in blocks(page, "yaml"):
                count += 1
                config = self.folder / "lastgood.yaml"
                config.write_text(text.replace("/etc/lastgood/", f"{self.folder}/"))
                done = run(BINARY, "--config", config, "check")
                self.assertEqual(0, done.returncode, f"{page.name}: {done.stderr}\n{text}")
        self.assertGreater(count, 8)

    def test_each_command_exists_with_its_options(self):
        helps = {}
        count = 0
        # In blocks of commands and between backticks.
        for page in PAGES:
            text = page.read_text("utf-8")
            lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
            lines += re.findall(r"`([^`\n]*)`", FENCE.sub("", text))
            for line in lines:
                line = line.removeprefix("sudo -u lastgood ")
                words = re.search(r"(?:^|sudo |[;|&] )lastgood ((?:webhook )?[a-z-]+)( .*)?$", line)
                if not words or line.startswith("sudo useradd") or "systemctl" in line:
                    continue
                verb = words[1].split()
                if words[1] not in helps:
                    done = run(BINARY, *verb, "--help")
                    usage = f"Usage: lastgood {words[1]} "
                    self.assertIn(usage, done.stdout, f"{page.name}: {line}")
                    helps[words[1]] = done.stdout
                for option in re.findall(r" (--?[a-z][a-z-]*)", words[2] or ""):
                    self.assertIn(option, helps[words[1]], f"{page.name}: {line}")
                count += 1
        self.assertGreater(count, 25)

    def test_the_servers_steps_come_in_an_order_that_works(self):
        text = (ROOT / "docs" / "guides" / "vps.md").read_text("utf-8")
        steps = ["(../install.md)", "/etc/lastgood/secret\n", "lastgood check", "enable --now lastgood",
                 "certbot certonly", "ssl_certificate ", "sites-enabled/", "nginx -t", "webhook register"]
        places = [text.index(step) for step in steps]
        self.assertEqual(sorted(places), places)

    def test_a_secret_is_made_for_the_daemons_user_everywhere(self):
        for page in [*PAGES, ROOT / "README.md", ROOT / "hooks" / "README.md", *ROOT.glob("docs/*.md")]:
            for line in page.read_text("utf-8").splitlines():
                if "openssl rand" in line and "/etc/lastgood" in line:
                    self.assertIn("install -D -m 0600 -o lastgood", line, page.name)
            self.assertNotIn("-u lastgood lastgood check", page.read_text("utf-8"), page.name)

    def test_links_lead_to_files(self):
        for page in [*PAGES, ROOT / "docs" / "README.md"]:
            for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
                self.assertTrue((page.parent / link).exists(), f"{page.name}: {link}")


@unittest.skipUnless(shutil.which("nginx"), "nginx is not installed")
class BehindNginx(Case):
    def begin_nginx(self, page, *changes):
        """With the page's own block: only ports, names and files are others."""
        certificate, key = certificates.make_self_signed(self.folder, "localhost")
        (text,) = blocks(ROOT / "docs" / page, "nginx")
        self.https = free_port()
        for old, new in (("listen 443 ssl", f"listen 127.0.0.1:{self.https} ssl"), *changes):
            self.assertIn(old, text)
            text = text.replace(old, new)
        text = re.sub(r"/etc/letsencrypt/\S+/fullchain.pem", str(certificate), text)
        text = re.sub(r"/etc/letsencrypt/\S+/privkey.pem", str(key), text)
        config = self.folder / "nginx.conf"
        config.write_text(
            f"daemon off; master_process off; pid {self.folder}/nginx.pid; error_log stderr;\n"
            f"events {{}}\nhttp {{ access_log off; client_body_temp_path {self.folder}/bodies;\n"
            f"proxy_temp_path {self.folder}/proxied;\n{text}\n}}\n"
        )
        with open(self.folder / "nginx.log", "wb") as log:
            nginx = subprocess.Popen(["nginx", "-c", config, "-p", self.folder], env=ENVIRONMENT,
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(nginx.wait)
        self.addCleanup(nginx.terminate)
        self.context = ssl.create_default_context(cafile=certificate)
        self.context.check_hostname = False

    def ask(self, host, method, path, body=None, headers=None, **source):
        status, answer, _ = self.ask_fully(host, method, path, body, headers, **source)
        return status, answer

    def ask_fully(self, host, method, path, body=None, headers=None, sender="127.0.0.1"):
        """(status, body, headers); status 0: nobody answers"""
        connection = http.client.HTTPSConnection("127.0.0.1", self.https, timeout=10,
                                                 context=self.context, source_address=(sender, 0))
        try:
            connection.request(method, path, body, {"Host": host, **(headers or {})})
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace"), response.headers
        except OSError:
            return 0, "", {}
        finally:
            connection.close()


class Vps(BehindNginx):
    """docs/guides/vps.md"""

    def begin(self):
        self.begin_nginx("guides/vps.md", ("www.example.org;", "www.localhost;"),
                         ("hooks.example.org;", "hooks.localhost;"),
                         ("http://127.0.0.1:3000", f"http://127.0.0.1:{self.app_port}"),
                         ("http://127.0.0.1:8787", f"http://127.0.0.1:{self.hook_port}"))

    def test_a_push_through_nginx_goes_live_behind_nginx(self):
        self.first_good()
        self.begin()
        self.wait(lambda: self.ask("hooks.localhost", "GET", "/healthz")[0] == 200, "nginx")
        self.assertTrue(self.ask("www.localhost", "GET", "/")[1].startswith("v1 "))
        commit = self.repo.commit("v2")
        body = json.dumps(webhooks.push_payload(commit, "refs/heads/main"), indent=1).encode()
        headers = {"Content-Type": "application/json", "X-GitHub-Event": "push",
                   "X-GitHub-Delivery": "by-nginx",
                   "X-Hub-Signature-256": webhooks.hub_signature(SECRET, body)}
        status, answer = self.ask("hooks.localhost", "POST", "/hooks/backend", body, headers)
        self.assertEqual(202, status, answer)
        self.wait_good(commit)
        self.assertTrue(self.ask("www.localhost", "GET", "/")[1].startswith("v2 "))
        self.assertIn("delivery by-nginx from 127.0.0.1", self.daemon.log())
        status, _ = self.ask("hooks.localhost", "POST", "/hooks/backend", body + b" ", headers)
        self.assertEqual(401, status)


class Dashboard(BehindNginx):
    """docs/dashboard.md"""

    def default_config(self):
        self.admin_port = free_port()
        return add_admin(self, super().default_config())

    def sign_in(self, token, **options):
        host = f"lastgood.example.org:{self.https}"
        return self.ask_fully(host, "POST", "/v1/session", json.dumps({"token": token}),
                              {"Origin": f"https://{host}"}, **options)

    def test_the_dashboard_behind_nginx_bars_who_tries_tokens_and_nobody_else(self):
        self.serve_and_look()
        self.begin_nginx("dashboard.md",
                         ("http://127.0.0.1:8788", f"http://127.0.0.1:{self.admin_port}"))
        self.wait(lambda: self.ask("lastgood.example.org", "GET", "/")[0] == 200, "nginx")
        statuses = [self.sign_in(f"a wrong token {i}", sender="127.0.0.7")[0] for i in range(12)]
        # Of a network that is trusted, but named by nginx as any other would be.
        self.assertEqual([401] * 10 + [429] * 2, statuses)
        self.assertEqual(429, self.sign_in(TOKEN, sender="127.0.0.7")[0])
        status, answer, headers = self.sign_in(TOKEN, sender="127.0.0.8")
        self.assertEqual(200, status, answer)
        cookie, _, rest = headers["Set-Cookie"].partition(";")
        self.assertIn("; Secure", rest)
        session = {"Cookie": cookie, "X-Lastgood-Key": json.loads(answer)["key"]}
        self.assertEqual(200, self.ask("lastgood.example.org", "GET", "/v1/apps", None, session)[0])


if __name__ == "__main__":
    unittest.main()
