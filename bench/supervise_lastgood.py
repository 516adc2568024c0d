"""lastgood behind the interface of the peers: a bare repository, a config, a daemon."""

import contextlib
import json
import os
import shutil
import subprocess

import harness
from supervise_peers import ROOM, STOP_SECONDS, Tool, end_all


class Lastgood(Tool):
    name = "lastgood"

    def __init__(self, folder):
        super().__init__(folder)
        self.folder.chmod(0o755)
        self.repo = harness.Repo(self.folder, "app")
        self.config_path = self.folder / "lastgood.yaml"
        # A file of its own: what it shares with other daemons of this machine isn't counted whole.
        self.program = shutil.copy(harness.BINARY, self.folder / "lastgood")
        self.port = harness.free_port()
        self.daemon = None

    @classmethod
    def why_not(cls):
        return "" if os.access(harness.BINARY, os.X_OK) else f"{harness.BINARY} is not built"

    def app_settings(self, app):
        return {
            "repo": str(self.repo.path),
            "run": app.argv,
            "ready": {"after": "100ms"},
            "probation": "300ms",
            "stop": {"timeout": f"{STOP_SECONDS}s"},
        }

    def _prepare(self):
        self.repo.commit("v1")
        secret = self.folder / "secret"
        secret.write_text(harness.SECRET + "\n")
        secret.chmod(0o600)
        self.config_path.write_text(json.dumps({
            "state_dir": str(self.folder / "state"),
            "runtime_dir": str(self.folder / "run"),
            "webhook": {"listen": f"127.0.0.1:{self.port}", "secret_file": str(secret)},
            "log": self.log_settings(),
            "apps": {app.name: self.app_settings(app) for app in self.apps},
        }))
        self.config_path.chmod(0o600)

    def log_settings(self):
        return {"max_size": ROOM}

    def launch(self):
        if not self.daemon:
            self.daemon = harness.Daemon(self.config_path, self.folder, env=self.env)
            self.daemon.argv[0] = self.program
        self.daemon.start()
        self.process = self.daemon.process

    def wait_good(self, timeout=120):
        """All apps run, and their first release has ended its probation."""

        def good():
            apps = self.api("/v1/apps")["apps"]
            return all(a["state"] == "running" and not a["deployment"] for a in apps)

        harness.wait_until(good, "all apps to be good", timeout)

    def api(self, path, method="GET", body=None):
        connection = harness.UnixConnection(self.folder / "run" / "control.sock")
        try:
            connection.request(method, path, body=json.dumps(body) if body else None)
            response = connection.getresponse()
            text = response.read().decode()
            if response.status >= 300:
                raise AssertionError(f"{method} {path}: {response.status} {text}")
            return json.loads(text)
        finally:
            connection.close()

    def state(self, app):
        return self.api(f"/v1/apps/{app.name}")

    def stop_app(self, app):
        """The command returns at once: until the state says that nothing of it runs."""
        self.api(f"/v1/apps/{app.name}/stop", "POST")

        def stopped():
            state = self.state(app)
            return state["state"] == "stopped" and not state["pid"]

        harness.wait_until(stopped, f"{app.name} to stop", every=0.005)

    def start_app(self, app):
        self.api(f"/v1/apps/{app.name}/start", "POST")

    def outputs(self, app):
        return list((self.folder / "state" / "apps" / app.name / "logs").glob("output.log*"))

    def stop_daemon(self):
        self.daemon.process.terminate()
        self.daemon.process.wait(60)

    def kill_daemon(self):
        self.daemon.kill()

    def close(self):
        if self.daemon and self.daemon.running():
            self.daemon.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.daemon.process.wait(30)
        end_all(self.folder)
        if self.daemon:
            self.daemon.forget()
