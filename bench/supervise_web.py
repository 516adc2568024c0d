"""The app under load as each tool runs it, and how each changes to a new release."""

import contextlib
import fcntl
import os
import signal

import harness
from supervise_lastgood import Lastgood
from supervise_peers import App, Pm2, Supervisord, Tool
from supervise_programs import SOURCES, missing

DRAIN = 3  # seconds that an app may take to end


class WebLastgood(Lastgood):
    """The benchmark is its service manager, as systemd is under the unit: it keeps the sockets that
    the daemon asks it to, and passes them to the next one."""

    server = None
    within = "5s"
    keeps_sockets = True

    def launch(self):
        # Copies far above those that the daemon gets; Popen passes them on.
        copies = []
        if self.daemon and self.keeps_sockets:
            kept = {name: fcntl.fcntl(socket.fileno(), fcntl.F_DUPFD_CLOEXEC, 200)
                    for name, socket in self.daemon.kept.items()}
            copies = list(kept.values())
            pairs = [f"{fd}:{name}" for name, fd in kept.items()]
            self.daemon.pass_fds = tuple(copies)
            self.daemon.argv = [harness.PYTHON, SOURCES / "activate.py", *pairs, "--",
                                *self.serve_argv]
        try:
            super().launch()
        finally:
            for fd in copies:
                os.close(fd)
        if self.daemon.argv[0] == self.program:
            self.serve_argv = self.daemon.argv

    def app_settings(self, app):
        return {
            **super().app_settings(app),
            "listen": f"127.0.0.1:{self.server.port}",
            "ready": {"http": "/health", "within": self.within},
            "probation": "500ms",
            "drain": "300ms",
            "stop": {"timeout": f"{DRAIN}s"},
            "poll": "off",
            "env": self.server.env(),
        }

    def commit(self, version, **behaviour):
        return self.repo.commit(version, files={"web.js": self.server.source}, **behaviour)

    def _prepare(self):
        super()._prepare()
        self.commit("v1")

    def deploy(self):
        return self.api("/v1/apps/web/deploy", "POST")["deployment"]

    def outcome(self, deployment, timeout=60):
        def ended():
            with contextlib.suppress(OSError):
                return self.api(f"/v1/deployments/{deployment}")["outcome"]

        return harness.wait_until(ended, f"the end of deployment {deployment}", timeout)

    def log(self):
        return self.daemon.log()


class AloneLastgood(WebLastgood):
    """Nobody keeps its sockets when it is killed, as in a container without a service manager."""

    name = "lastgood-alone"
    keeps_sockets = False


class WebPm2(Pm2):
    def settings(self):
        return {"interpreter": "node", "wait_ready": True, "listen_timeout": 10000,
                "kill_timeout": DRAIN * 1000, "instances": 1}

    def _prepare(self):
        # Only the script: pm2 runs it by node itself.
        self.apps = [App(a.name, a.argv[1:], user_code=a.user_code) for a in self.apps]
        super()._prepare()

    def renew(self):
        self.pm2("reload", "web")


class ForkPm2(WebPm2):
    name = "pm2-fork reload"


class ClusterPm2(WebPm2):
    name = "pm2-cluster reload"
    mode = "cluster"


class WebSupervisord(Supervisord):
    name = "supervisord restart"

    def renew(self):
        self.ctl("restart", "web")


class ServerStarter(Tool):
    name = "start_server HUP"

    @classmethod
    def why_not(cls):
        return missing("start_server")

    def _prepare(self):
        pass

    def launch(self):
        app = self.apps[0]
        port = app.argv[2]
        self.spawn("start_server", "--port", f"127.0.0.1:{port}", "--signal-on-hup=TERM",
                   "--backlog=4096", f"--status-file={self.folder}/status",
                   f"--pid-file={self.folder}/pid", "--", *app.argv)

    def generations(self):
        with contextlib.suppress(OSError):
            return (self.folder / "status").read_text().split("\n")
        return []

    def renew(self):
        before = self.generations()
        self.process.send_signal(signal.SIGHUP)

        def renewed():
            now = [line for line in self.generations() if line]
            return len(now) == 1 and now[0] not in before

        harness.wait_until(renewed, "the next generation")
