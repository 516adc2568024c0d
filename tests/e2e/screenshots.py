"""Pictures of the dashboard: three apps with some history, as a person would see them.

    screenshots.py FOLDER
"""

import contextlib
import math
import pathlib
import sqlite3
import sys
import time
import unittest

import browser
from admin_client import TOKEN, add_admin
from harness import Case, Repo, free_port

WIDTH, HEIGHT = 1120, 760
SAID = ["listening", "the cache is warm", "GET /prices 200 3 ms", "GET /basket 200 1 ms",
        "POST /basket 201 9 ms"]
FOLDER = None


class Pictures(Case):
    def default_config(self):
        self.admin_port = free_port()
        config = add_admin(self, super().default_config())
        self.repos = {"backend": self.repo}
        for name in ("shop", "worker"):
            self.repos[name] = Repo(self.folder, name)
            port = free_port()
            config["apps"][name] = {
                **self.app_config(), "repo": str(self.repos[name].path),
                "listen": f"127.0.0.1:{port}",
            }
        config["apps"]["worker"]["probation"] = "3s"  # time to crash
        go = self.folder / "go"
        config["apps"]["backend"]["build"] = [
            "echo '> npm ci'; echo; echo 'added 312 packages in 4s'; echo '> npm run build';"
            "echo 'dist/server.js  148.2 kB'; echo 'dist/server.js.map  302.9 kB';"
            f"while [ -e {go} ]; do sleep 0.05; done"]
        return config

    def release(self, app, subject, outcome="good", **behaviour):
        """One more commit, to its end."""
        repo = self.repos[app]
        commit = repo.commit(subject, subject=subject, **behaviour)
        self.cli("deploy", app)
        self.wait_outcome(commit, outcome, app)
        return commit

    def test_pictures(self):
        self.serve()
        for app, subjects in (
            ("backend", ("Mend the login", "Answer health checks while the cache is filled")),
            ("worker", ("Send mails in batches",)),
            ("shop", ("Show the basket on every page", "Prices in euros")),
        ):
            for subject in subjects:
                self.release(app, subject, say=SAID)
        self.release("worker", "Retry mails that bounced", outcome="rolled_back", crash_after_ms=30)
        self.cli_ok("pause", "shop")
        self.add_samples()
        (self.folder / "go").touch()
        subject = "Sign in with a passkey"
        building = self.repo.commit(subject, subject=subject)
        self.push(building)
        self.wait_phase(building, "building")
        chromium = browser.Browser()
        self.addCleanup(chromium.close)
        self.page = chromium.page()
        self.page.size(WIDTH, HEIGHT)
        self.page.scheme(dark=False)
        self.page.goto(f"http://127.0.0.1:{self.admin_port}/")
        self.page.wait("document.activeElement.name === 'token'", "the field")
        self.page.type(TOKEN)
        self.page.press("Tab")
        self.page.type("Ada")
        self.page.press("Enter")
        self.page.wait_text("Lately")
        self.take("apps", "/", "building")
        self.page.size(WIDTH, 820)
        self.take("app", "/apps/backend", "What it uses")
        self.page.size(WIDTH, HEIGHT)
        number = self.history()[0]["id"]
        self.page.scheme(dark=True)
        self.take("deployment-dark", f"/deployments/{number}", "dist/server.js.map")
        self.page.scheme(dark=False)
        self.page.size(WIDTH, 680)
        self.take("logs", "/logs", "basket")
        self.page.size(360, 720, scale=2, mobile=True)
        self.take("phone", "/apps/worker", "crash")
        (self.folder / "go").unlink()
        self.wait_good(building)

    def add_samples(self):
        """A day of them, which nobody waits for."""
        self.daemon.stop()
        now = int(time.time() * 1000)
        with contextlib.closing(sqlite3.connect(self.state / "lastgood.db")) as journal:
            for minute in range(1440):
                busy = 1 + math.sin(minute / 230) + 0.3 * math.sin(minute / 7)
                journal.execute(
                    "INSERT INTO samples VALUES ('backend', ?, ?, ?, 23, 11, 1)",
                    (now - (1440 - minute) * 60_000,
                     int(4.6e6 + 4e5 * busy + 300 * minute), int(60 * max(0, busy) + minute % 9)),
                )
            journal.commit()
        self.serve()
        self.wait(lambda: all(app["pid"] for app in self.api("/v1/apps")["apps"]), "all apps")

    def take(self, name, route, text):
        self.page.js(f"document.activeElement.blur(); location.hash = '{route}'")
        self.page.wait_text(text)
        self.page.js("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 300)))")
        path = FOLDER / f"{name}.png"
        self.page.picture(path)
        print(f"{path}: {path.stat().st_size // 1000} KB")


if __name__ == "__main__":
    FOLDER = pathlib.Path(sys.argv.pop(1))
    FOLDER.mkdir(parents=True, exist_ok=True)
    unittest.main()
