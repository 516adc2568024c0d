"""The supervisors that are compared, each in the way its manual says, behind one interface."""

import contextlib
import json
import os
import pathlib
import shlex
import signal
import subprocess

import harness
from supervise_programs import BUILT, missing

PM2_VERSION = "7.0.4"
PM2_FOLDER = BUILT / "pm2"
STOP_SECONDS = 1  # between TERM and KILL, for all of them
ROOM = 2 << 30    # bytes of output that each may keep


class App:
    """What is to run. `ready`: it takes, as last argument, the descriptor to tell that on."""

    def __init__(self, name, argv, ready=True, user_code=None):
        self.name = name
        self.argv = [str(a) for a in argv]
        self.ready = ready
        self.user_code = user_code or self.argv[0]  # by which a process is known as the app's


class Tool:
    """A supervisor in a folder of its own, with its apps. `close` ends all that it started."""

    name = ""
    captures = True  # keeps what the apps print

    def __init__(self, folder):
        self.folder = folder / self.name.split(" ")[0]
        self.folder.mkdir(parents=True)
        self.apps = []
        self.process = None
        self.env = {**harness.ENVIRONMENT, "BENCH_FOLDER": f"{self.folder}/"}

    @classmethod
    def why_not(cls):
        return ""

    def start(self, apps):
        self.apps = apps
        self._prepare()
        self.launch()

    def _prepare(self):
        raise NotImplementedError

    def launch(self):
        raise NotImplementedError

    def spawn(self, *argv):
        with open(self.folder / "tool.log", "ab") as log:
            self.process = subprocess.Popen(
                [str(a) for a in argv], env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)

    def run(self, *argv, timeout=60):
        return harness.run(*argv, env=self.env, timeout=timeout, cwd=self.folder)

    def root(self):
        return self.process.pid

    def pids(self):
        """Its own processes, without those of the apps."""
        programs = tuple(os.fsencode(app.user_code) for app in self.apps)
        found, queue = [], [self.root()]
        while queue:
            pid = queue.pop()
            with contextlib.suppress(OSError):
                command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                if any(program in command for program in programs) and pid != self.root():
                    continue
                found.append(pid)
                for task in os.listdir(f"/proc/{pid}/task"):
                    children = pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text("ascii")
                    queue.extend(int(child) for child in children.split())
        return found

    def stop_app(self, app):
        """Until the tool says that it has stopped."""
        raise NotImplementedError

    def start_app(self, app):
        raise NotImplementedError

    def outputs(self, app):
        """The files that hold what it printed."""
        raise NotImplementedError

    def close(self):
        if self.process and self.process.poll() is None:
            self._end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
        end_all(self.folder)
        if self.process:
            self.process.wait()

    def _end(self):
        self.process.terminate()


def end_all(folder):
    """KILL for whatever runs from or for the folder, until nothing does."""

    def gone():
        alive = [pid for pid in harness.processes_of(folder) if pid != os.getpid()]
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not alive

    harness.wait_until(gone, f"the end of all in {folder}")


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


class Runit(Tool):
    name = "runit"

    @classmethod
    def why_not(cls):
        return missing("runsvdir", "runsv", "sv", "svlogd")

    def _prepare(self):
        for app in self.apps:
            service = self.folder / "services" / app.name
            logs = self.folder / "logs" / app.name
            logs.mkdir(parents=True)
            (logs / "config").write_text(f"s{ROOM}\nn10\n")
            script(service / "run", f"#!/bin/sh\nexec 2>&1\nexec {shlex.join(app.argv)}\n")
            script(service / "log" / "run", f"#!/bin/sh\nexec svlogd {logs}\n")

    def launch(self):
        self.spawn("runsvdir", "-P", self.folder / "services")

    def _end(self):
        self.process.send_signal(signal.SIGHUP)  # TERM would leave its services running

    def sv(self, *argv):
        return self.run("sv", "-w", STOP_SECONDS, *argv)

    def stop_app(self, app):
        self.sv("force-stop", self.folder / "services" / app.name)

    def start_app(self, app):
        self.sv("start", self.folder / "services" / app.name)

    def outputs(self, app):
        return list((self.folder / "logs" / app.name).glob("[@c]*[!g]"))


class S6(Tool):
    name = "s6"

    @classmethod
    def why_not(cls):
        return missing("s6-svscan", "s6-supervise", "s6-svc", "s6-log")

    def _prepare(self):
        for app in self.apps:
            service = self.folder / "services" / app.name
            logs = self.folder / "logs" / app.name
            logs.parent.mkdir(exist_ok=True)
            argv = [*app.argv, "3"] if app.ready else app.argv
            script(service / "run", f"#!/bin/sh\nexec 2>&1\nexec {shlex.join(argv)}\n")
            script(service / "log" / "run", f"#!/bin/sh\nexec s6-log n10 s268435455 {logs}\n")
            if app.ready:
                (service / "notification-fd").write_text("3\n")
            (service / "timeout-kill").write_text(f"{STOP_SECONDS * 1000}\n")

    def launch(self):
        # 2,000: how many services it may hold; its default of 500 counts loggers too.
        self.spawn("s6-svscan", "-c", "2000", self.folder / "services")

    def stop_app(self, app):
        self.run("s6-svc", "-wD", "-T", "10000", "-d", self.folder / "services" / app.name)

    def start_app(self, app):
        self.run("s6-svc", "-u", self.folder / "services" / app.name)

    def outputs(self, app):
        folder = self.folder / "logs" / app.name
        return [path for path in folder.iterdir() if path.name[0] in "@c"]


class Supervisord(Tool):
    name = "supervisord"

    @classmethod
    def why_not(cls):
        return missing("supervisord", "supervisorctl")

    def _prepare(self):
        text = (f"[unix_http_server]\nfile={self.folder}/sock\n"
                f"[supervisord]\nlogfile={self.folder}/supervisord.log\n"
                f"pidfile={self.folder}/pid\nminfds=4096\n"
                "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = "
                "supervisor.rpcinterface:make_main_rpcinterface\n"
                f"[supervisorctl]\nserverurl=unix://{self.folder}/sock\n")
        for app in self.apps:
            text += (f"[program:{app.name}]\ncommand={shlex.join(app.argv)}\n"
                     f"directory={self.folder}\nautorestart=true\nstartretries=1000\n"
                     f"stopwaitsecs={STOP_SECONDS}\nstopasgroup=true\nkillasgroup=true\n"
                     f"stdout_logfile={self.folder}/{app.name}.out\nstdout_logfile_maxbytes=0\n"
                     f"redirect_stderr=true\n")
        (self.folder / "supervisord.conf").write_text(text)

    def launch(self):
        self.spawn("supervisord", "-n", "-c", self.folder / "supervisord.conf")

    def ctl(self, *argv):
        return self.run("supervisorctl", "-c", self.folder / "supervisord.conf", *argv)

    def stop_app(self, app):
        self.ctl("stop", app.name)

    def start_app(self, app):
        self.ctl("start", app.name)

    def outputs(self, app):
        return [self.folder / f"{app.name}.out"]


class Monit(Tool):
    name = "monit"
    captures = False
    cycle = 5  # seconds

    @classmethod
    def why_not(cls):
        return missing("monit")

    def _prepare(self):
        text = (f"set daemon {self.cycle}\nset log {self.folder}/monit.log\n"
                f"set pidfile {self.folder}/monit.pid\nset idfile {self.folder}/id\n"
                f"set statefile {self.folder}/state\n"
                f"set httpd unixsocket {self.folder}/sock allow bench:bench\n")
        for app in self.apps:
            pidfile = self.folder / f"{app.name}.pid"
            script(self.folder / f"{app.name}.start",
                   f"#!/bin/sh\n{shlex.join(app.argv)} >/dev/null 2>&1 &\necho $! >{pidfile}\n")
            script(self.folder / f"{app.name}.stop", f"#!/bin/sh\nexec kill $(cat {pidfile})\n")
            text += (f"check process {app.name} with pidfile {pidfile}\n"
                     f'  start program = "{self.folder}/{app.name}.start"\n'
                     f'  stop program = "{self.folder}/{app.name}.stop"\n')
        path = self.folder / "monitrc"
        path.write_text(text)
        path.chmod(0o600)

    def launch(self):
        self.spawn("monit", "-I", "-c", self.folder / "monitrc")

    def pid_of(self, app):
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / f"{app.name}.pid").read_text())
        return 0

    def stop_app(self, app):
        pid = self.pid_of(app)
        self.run("monit", "-c", self.folder / "monitrc", "stop", app.name)
        # It only hands the wish on; what it looks at is the process of the pid file.
        harness.wait_until(lambda: pid not in harness.processes_of(self.folder), "monit's stop")

    def start_app(self, app):
        self.run("monit", "-c", self.folder / "monitrc", "start", app.name)


def install_pm2():
    """Why not; nothing where it is there."""
    gone = missing("node", "npm")
    if gone or (PM2_FOLDER / "node_modules" / "pm2" / "bin" / "pm2").exists():
        return gone
    PM2_FOLDER.mkdir(parents=True, exist_ok=True)
    (PM2_FOLDER / "package.json").write_text(
        json.dumps({"private": True, "dependencies": {"pm2": PM2_VERSION}}))
    with contextlib.suppress(subprocess.TimeoutExpired):
        # With the caller's environment: that is where a registry or a proxy may be set.
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
            cwd=PM2_FOLDER, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        return "" if done.returncode == 0 else f"npm install failed: {done.stderr[:200]}"
    return "npm install took too long"


class Pm2(Tool):
    name = "pm2"
    mode = "fork"
    reload_with_ready = False

    def __init__(self, folder):
        super().__init__(folder)
        self.env.update(PM2_HOME=str(self.folder / "home"), HOME=str(self.folder),
                        PM2_DISCRETE_MODE="true")

    @classmethod
    def why_not(cls):
        return install_pm2()

    def _prepare(self):
        described = []
        for app in self.apps:
            program, *arguments = app.argv
            described.append({
                "name": app.name, "script": program, "args": arguments, "cwd": str(self.folder),
                "interpreter": "none", "exec_mode": self.mode, "kill_timeout": STOP_SECONDS * 1000,
                "max_restarts": 1000000, "min_uptime": 100, "merge_logs": True,
                "out_file": f"{self.folder}/{app.name}.out",
                "error_file": f"{self.folder}/{app.name}.err", **self.settings()})
        (self.folder / "apps.json").write_text(json.dumps({"apps": described}))

    def settings(self):
        return {}

    def pm2(self, *argv, timeout=120):
        done = self.run("node", PM2_FOLDER / "node_modules" / "pm2" / "bin" / "pm2", *argv,
                        timeout=timeout)
        if done.returncode != 0:
            raise AssertionError(f"pm2 {argv}: {done.stdout}{done.stderr}")
        return done

    def launch(self):
        self.pm2("start", self.folder / "apps.json")

    def root(self):
        return int((self.folder / "home" / "pm2.pid").read_text())

    def stop_app(self, app):
        self.pm2("stop", app.name)

    def start_app(self, app):
        self.pm2("start", app.name)

    def outputs(self, app):
        return [self.folder / f"{app.name}.out"]

    def close(self):
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
            self.pm2("kill")
        end_all(self.folder)
