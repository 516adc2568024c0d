"""`lastgood git-worker` as the daemon uses it: a process for each deployment, a line of JSON for
each step."""

import json
import subprocess
import time

import harness

COPY = 1  # `materialise: copy` of the config; 0: automatic
NO_SETTINGS = {"keys": [], "root": ".", "listens": False}  # of the repository's own


class Worker:
    """One process; its start counts, so it begins where the `with` does."""

    def __init__(self, app):
        self.app = app

    def __enter__(self):
        # A group of its own, for at its end it kills its group.
        self.process = subprocess.Popen(
            [harness.BINARY, "git-worker"], env=harness.ENVIRONMENT, cwd="/",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def ask(self, op, **fields):
        request = {"op": op, "remote": self.app.remote, "live": None, "candidates": [],
                   "paths": [], "asked": 0, "directory": "", "keep_spare": False, "keep_folders": [],
                   "releases": [], "repository": NO_SETTINGS, **fields}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"what": "the worker ended without an answer"}
        if not answer.get("ok"):
            raise RuntimeError(f"git-worker, {op}: {answer['what']}")
        return answer["value"]


class App:
    """An app's folder, with its mirror and its releases, oldest first."""

    def __init__(self, folder, url):
        self.folder = folder
        self.remote = {"url": str(url), "branch": "main", "tags": "", "transport": 0,
                       "mirror": str(folder / "repo.git"), "ssh_key": "", "known_hosts": "",
                       "username": "", "token_file": "", "ca_file": "", "proxy": "",
                       "others": [], "owner": "", "depth": 0}
        self.releases = []  # (commit, directory)
        self.live = None
        self.made = 0
        (folder / "releases").mkdir(parents=True, exist_ok=True)

    def beside(self, folder):
        """Another app with the same mirror: a copy that shares what git never writes to again."""
        other = App(folder, self.remote["url"])
        harness.run("cp", "-al", self.remote["mirror"], other.remote["mirror"], timeout=900)
        (folder / "repo.git" / "lastgood.lock").unlink(missing_ok=True)
        other.live = self.live
        return other

    def fetch(self, worker, commit):
        found = worker.ask("fetch", live=self.live, candidates=[commit])
        if not found["facts"][0]["present"] or not found["facts"][0]["on_ref"]:
            raise RuntimeError(f"git-worker fetched no {commit}")
        self.live = commit

    def materialise(self, worker, commit, way=0):
        """A new release of the commit; gives what the worker says of it."""
        self.made += 1
        directory = str(self.folder / "releases" / f"{self.made:04}-{commit}")
        wish = {"commit": commit, "directory": directory, "submodules": False,
                "export_ignore": False, "way": way, "caches": [], "repository": NO_SETTINGS}
        if self.releases:
            wish["previous"] = list(self.releases[-1])
        released = worker.ask("materialise", materialise=wish)
        self.releases.append((commit, directory))
        return released

    def make_spare(self, worker):
        """Removes the oldest release as the daemon does; how long that took, in ms."""
        commit, directory = self.releases.pop(0)
        began = time.monotonic()
        worker.ask("remove_releases", keep_spare=True,
                   releases=[{"commit": commit, "directory": directory}])
        return (time.monotonic() - began) * 1000
