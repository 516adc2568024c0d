"""The dashboard when something is wrong: no daemon, an ended session, refusals, odd addresses and texts."""

import contextlib
import json
import shutil
import signal
import sqlite3
import subprocess
import textwrap
import time

import dashboard_behaviour as dashboard
from admin_client import TOKEN
from harness import ENVIRONMENT, Repo, free_port

COUNTED = ("window.asked = 0; window.fetch = ((real) => (...all) => { window.asked += 1; return real(...all); })"
           "(window.fetch); 0")


class Trouble(dashboard.Dashboard):
    def sign_in_again(self):
        self.page.wait("document.activeElement.name === 'token'", "the field")
        self.page.type(TOKEN)
        self.page.press("Enter")
        self.page.wait_text("Lately")

    def open_tab(self, address):
        tab = self.browser.page()
        self.addCleanup(tab.close)
        tab.goto(address)
        return tab

    def instead(self, path, answer):
        """For each request to that path from now on: what the script `answer` makes of the `real` one."""
        self.page.js(f"window.fetch = ((real) => async (...all) => all[0].startsWith('{path}') ?"
                     f"({answer})(() => real(...all)) : real(...all))(window.fetch); 0")


class Addresses(Trouble):
    def test_what_is_older_than_the_lists_is_found_and_what_is_not_there_is_said(self):
        self.first_good()
        self.daemon.stop()
        now = int(time.time() * 1000)
        with contextlib.closing(sqlite3.connect(self.state / "lastgood.db")) as journal:
            for number in range(200):
                journal.execute(
                    "INSERT INTO deployments(id, app, commit_id, trigger, phase, phase_since, outcome, reason,"
                    "delivery, requested_by, started_at, finished_at) VALUES"
                    "(?, 'other', ?, 'poll', 'queued', 0, 'cancelled', '', '', '', ?, ?)",
                    (1000 + number, f"{number:040x}", now, now))
            journal.commit()
        repo = Repo(self.folder, "other")
        self.config["apps"]["other"] = {**self.app_config(), "repo": str(repo.path), "poll": "off",
                                        "listen": f"127.0.0.1:{free_port()}"}
        self.serve()
        self.sign_in()
        self.go("/apps/backend")
        self.page.wait("document.querySelector('main h1').innerText === 'backend' &&"
                       "document.querySelector('.timeline')?.innerText.includes('Version v1')", "its own history")
        self.go("/deployments/1")
        self.page.wait_text("Version v1")
        self.go("/deployments/5000")
        self.page.wait_text("There is no deployment 5000")
        for route in ("/deployments/abc", "/deployments/0", "/constructor", "/__proto__", "/%ff"):
            self.page.js(f"location.hash = '{route}'")
            self.page.wait("document.querySelector('main h1')?.innerText === 'There is nothing here'", route)
        self.no_faults()
