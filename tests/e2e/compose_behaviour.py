"""An app that is a compose file, with a real docker of the test's own: nothing is downloaded, and a docker that
is there already is left alone."""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

from harness import ENVIRONMENT, get, run, text_of, wait_until
from init_behaviour import FIXTURES, KindCase, needs

NGINX = """
daemon off;
user root;
pid /nginx.pid;
error_log stderr;
events {}
http { access_log /dev/stdout; client_body_temp_path /b; proxy_temp_path /p; fastcgi_temp_path /f;
       uwsgi_temp_path /u; scgi_temp_path /s; server { listen 80; root /usr/share/nginx/html; } }
"""


class Docker:
    """dockerd in a folder, with an image that is called nginx:alpine and made of this machine's nginx."""

    def __init__(self, folder):
        self.folder = folder
        self.host = f"unix://{folder}/docker.sock"
        self.environment = {**ENVIRONMENT, "DOCKER_HOST": self.host}
        self.log = folder / "docker.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none", "--ip-forward=false",
                 f"--data-root={folder}/data", f"--exec-root={folder}/exec",
                 f"--pidfile={folder}/docker.pid", "-H", self.host],
                env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        try:
            wait_until(self.answers, "docker")
            self.import_image()
        except AssertionError as failure:
            self.end()
            raise unittest.SkipTest(f"docker does not run here: {failure}: {text_of(self.log)[-500:]}") from None

    def run(self, *arguments):
        return run("docker", *arguments, env=self.environment, timeout=60)

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError("dockerd ended")
        return self.run("version").returncode == 0

    def import_image(self):
        root = self.folder / "image"
        nginx = shutil.which("nginx", path=ENVIRONMENT["PATH"])
        libraries = re.findall(r"(/\S+) \(0x", run("ldd", nginx).stdout)
        for path in (pathlib.Path(nginx), *map(pathlib.Path, libraries)):
            (root / path.parent.relative_to("/")).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, root / path.relative_to("/"))
        for name, text in (("etc/nginx/nginx.conf", NGINX), ("etc/passwd", "root:x:0:0::/:/\n"),
                           ("etc/group", "root:x:0:\n"), ("var/log/nginx/error.log", "")):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        run("tar", "-C", root, "-cf", self.folder / "image.tar", ".")
        done = self.run("import", "--change", f'CMD ["{nginx}"]', self.folder / "image.tar", "nginx:alpine")
        if done.returncode != 0:
            raise AssertionError(done.stderr)

    def end(self):
        if self.process.poll() is None:
            containers = self.run("ps", "-aq").stdout.split()
            if containers:
                self.run("rm", "-f", *containers)
            self.run("network", "prune", "-f")  # they are the machine's
            self.process.terminate()
        self.process.wait()


@needs("dockerd", "docker", "nginx")
@unittest.skipUnless(os.geteuid() == 0, "needs root")
class Compose(KindCase):
    def setUp(self):
        super().setUp()
        self.docker = Docker(self.folder)
        self.addCleanup(self.docker.end)
        self.addCleanup(self.cli, "stop", "backend")

    def serve_as_written(self, home):
        text = self.config_path.read_text()
        self.assertEqual(1, text.count("\n    env:\n"), text)
        text = text.replace("\n    env:\n", f"\n    env:\n      DOCKER_HOST: {self.docker.host}\n")
        self.config_path.write_text(text)
        super().serve_as_written(home)

    def serves(self):
        try:
            return get(self.app_port)[0] == 200
        except OSError:
            return False

    def test_compose(self):
        self.assertIn("8080:80", (FIXTURES / "compose" / "compose.yaml").read_text())
        self.app_port = 8080
        self.check_goes_live("compose", "hello from compose")
        self.assertEqual(404, get(self.app_port, "/of-a-user")[0])
        self.wait(lambda: "GET /of-a-user" in self.cli_ok("logs", "backend"), "the container's output")

        # A container that ends is a crash of the app.
        started = self.status()["pid"]
        (container,) = self.docker.run("ps", "-q").stdout.split()
        self.docker.run("kill", container)
        self.wait(lambda: self.status()["pid"] not in (None, started), "another process")
        self.wait(self.serves, "it to serve again")
