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

COUNTED = ("window.asked = []; window.fetch = ((real) => (...all) => {"
           "window.asked.push(performance.now()); return real(...all); })(window.fetch); 0")


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


class Away(Trouble):
    def test_the_lines_stay_while_the_daemon_is_away_and_nothing_asks_without_end(self):
        self.first_good(say=["said before"])
        self.sign_in()
        self.go("/apps/backend/logs")
        self.page.wait_text("said before")
        self.daemon.kill()
        self.page.wait_text("Not connected to the daemon")
        self.page.wait_text("Not connected; trying again")
        self.assertIn("said before", self.page.text())
        self.go("/deployments/1")
        self.page.js(COUNTED)
        self.page.wait("window.asked.length >= 6", "further tries")
        self.assertGreater(self.page.js("window.asked[5] - window.asked[0]"), 500, "milliseconds")
        self.go("/")
        self.page.click("main button", "Pause")
        self.confirm("Pause")
        self.page.wait_text("backend: no answer from the daemon")
        self.serve()
        self.page.wait_text("Your session has ended. Sign in again.")
        self.sign_in_again()
        self.assertNotIn("has ended", self.page.text())

    def test_a_question_ends_with_the_session(self):
        self.first_good()
        self.sign_in()
        second = self.open_tab(self.address)
        second.wait_text("Lately")
        self.page.click("main button", "Pause")
        self.page.wait("document.querySelector('dialog[open]')", "the question")
        second.click("header button", "Sign out")
        self.page.wait_text("Your session has ended. Sign in again.")
        self.page.wait("!document.querySelector('dialog')", "the question's end")
        self.page.wait("document.activeElement.name === 'token'", "the field")
        self.assertNotIn("has ended", second.text())
        self.no_faults()

    def test_an_answer_to_the_last_session_does_not_end_this_one(self):
        self.first_good()
        self.sign_in()
        self.instead("/v1/quarantine", "async (real) => { if (!window.held) { await new Promise((go) => {"
                     "window.held = go; }); return Response.json({error: 'no'}, {status: 401}); } return real(); }")
        self.page.click("main button", "Pause")
        self.confirm("Pause")
        self.page.wait("window.held", "the request")
        self.page.click("header button", "Sign out")
        self.sign_in_again()
        self.page.js("window.held(); 0")
        self.page.settle()
        self.assertIn("Lately", self.page.text())
        self.no_faults()

    def test_a_trouble_that_is_over_is_not_told_for_ever(self):
        self.first_good()
        self.sign_in()
        self.instead("/v1/quarantine", "(real) => window.mended ? real() :"
                     "Response.json({error: 'the disk is full'}, {status: 503})")
        self.page.click("main button", "Pause")
        self.confirm("Pause")
        self.page.wait_text("the disk is full")
        self.page.js("window.mended = true; 0")
        self.page.wait("!document.body.innerText.includes('the disk is full')", "the end of the trouble")
        self.no_faults()


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

    def test_it_can_have_a_path_of_its_own_behind_a_proxy(self):
        if not shutil.which("nginx"):
            self.skipTest("nginx is not installed")
        port, folder = free_port(), self.folder
        (folder / "nginx.conf").write_text(textwrap.dedent(f"""\
            daemon off;
            pid {folder}/nginx.pid;
            events {{ }}
            http {{
                access_log off;
                client_body_temp_path {folder}/body;
                proxy_temp_path {folder}/proxy;
                fastcgi_temp_path {folder}/fastcgi;
                uwsgi_temp_path {folder}/uwsgi;
                scgi_temp_path {folder}/scgi;
                server {{
                    listen 127.0.0.1:{port};
                    location /deploy/ {{
                        proxy_pass http://127.0.0.1:{self.admin_port}/;
                        proxy_set_header Host $http_host;
                        proxy_buffering off;
                    }}
                }}
            }}
            """))
        proxy = subprocess.Popen(["nginx", "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")],
                                 env=ENVIRONMENT, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (proxy.send_signal(signal.SIGTERM), proxy.wait(10)))
        self.first_good(say=["said through the proxy"])
        self.page.goto(f"http://127.0.0.1:{port}/deploy/")
        self.sign_in_again()
        self.page.click("main button", "Pause")
        self.confirm("Pause")
        self.wait_badge("paused")
        self.go("/apps/backend/logs")
        self.page.wait_text("said through the proxy")
        # A neighbour's session isn't this one's.
        self.assertEqual(None, self.page.js("localStorage.getItem('lastgood.session')"))
        self.no_faults()


class Texts(Trouble):
    def test_long_names_make_nothing_wider_than_a_small_screen(self):
        name = "n" * 63
        repo = Repo(self.folder, "other")
        self.config["apps"][name] = {**self.app_config(), "repo": str(repo.path), "branch": "b" * 200,
                                     "listen": f"127.0.0.1:{free_port()}"}
        self.first_good(subject="W" * 300)
        self.sign_in(name="N" * 60)
        self.page.size(320, 700, mobile=True)
        for route in ("/", f"/apps/{name}", "/timeline", "/deployments/1", f"/apps/{name}/logs"):
            self.go(route)
            self.page.settle()
            self.assertLessEqual(self.page.js("document.documentElement.scrollWidth"), 320, route)
        self.go(f"/apps/{name}")
        self.page.click("main button", "Pause")
        self.page.wait("document.querySelector('dialog[open]')", "the question")
        self.assertTrue(self.page.js("(({scrollWidth, clientWidth}) => scrollWidth <= clientWidth)"
                                     "(document.querySelector('dialog'))"))

    def test_a_text_turns_nothing_around_it(self):
        self.first_good()
        self.sign_in()
        (row,) = self.history()
        rows = [{**row, "trigger": "cli", "by": "\u202eevE", "author": "Last"}]
        self.instead("/v1/history", f"() => Response.json({json.dumps({'deployments': rows})})")
        self.page.click("main button", "Pause")
        self.confirm("Pause")
        self.page.wait_text("Last")
        edges = ("(() => { const walk = document.createTreeWalker(document.querySelector('.timeline .quiet'), 4);"
                 "const range = document.createRange(); const at = {};"
                 "while (walk.nextNode()) { range.selectNodeContents(walk.currentNode);"
                 "const { left, right } = range.getBoundingClientRect();"
                 "for (const word of ['by', 'Last']) if (walk.currentNode.data.includes(word)) at[word] = [left, right]; }"
                 "return at; })()")
        at = self.page.js(edges)
        self.assertLessEqual(at["by"][1], at["Last"][0] + 1, at)

    def test_on_paper_there_is_nothing_to_press(self):
        self.first_good()
        self.sign_in()
        self.go("/apps/backend/logs")
        self.page.wait_text("Following.")
        self.page.call("Emulation.setEmulatedMedia", media="print")
        shown = ("[...document.querySelectorAll('button, input, nav')].filter((one) => one.checkVisibility()).length")
        self.assertEqual(0, self.page.js(shown))
        self.assertTrue(self.page.js("(({scrollHeight, clientHeight}) => scrollHeight <= clientHeight)"
                                     "(document.querySelector('.log'))"))
        self.page.call("Emulation.setEmulatedMedia", media="")

    def test_a_double_click_is_one_command_and_reaches_nothing_below(self):
        self.first_good()
        self.cli_ok("pause", "backend")
        self.sign_in()
        self.page.js("window.sent = []; window.fetch = ((real) => (url, options, ...more) => {"
                     "if (options?.method === 'POST') window.sent.push(url); return real(url, options, ...more); })"
                     "(window.fetch); 0")
        x, y = self.page.js("(() => { const b = [...document.querySelectorAll('main button')].find((one) =>"
                            "one.textContent === 'Resume').getBoundingClientRect();"
                            "return [b.x + b.width / 2, b.y + b.height / 2]; })()")
        for count in (1, 2):
            for kind in ("mousePressed", "mouseReleased"):
                self.page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=count)
        self.page.wait("!document.querySelector('.badge.warn')", "the end of the pause")
        self.page.settle()
        self.assertEqual(["/v1/apps/backend/resume"], self.page.js("window.sent"))
        self.assertFalse(self.page.js("Boolean(document.querySelector('dialog'))"))
        self.no_faults()

    def test_a_clock_that_is_behind_tells_nothing_of_the_future(self):
        self.first_good()
        self.page.call("Page.addScriptToEvaluateOnNewDocument",
                       source="Date.now = ((now) => () => now() - 3600000)(Date.now)")
        self.sign_in()
        self.page.wait_text("went live just now")
        self.assertNotIn("in 1 hour", self.page.text())


class Axe(Trouble):
    look = dashboard.Shown.look

    def test_axe_finds_nothing_in_trouble_either(self):
        axe = dashboard.axe_source()
        self.first_good()
        self.sign_in()
        for dark in (False, True):
            self.page.scheme(dark)
            self.go("/")
            self.page.click("main button", "Roll back")
            self.confirm("Roll back")
            self.page.wait_text("there is no good release before")
            self.look(axe, f"refused, dark={dark}")
            self.page.click(".toast button")
            self.go("/logs")
            self.page.click("input[name=grep]")
            self.page.type("(")
            self.page.wait_text("is no regular expression")
            self.look(axe, f"a bad filter, dark={dark}")
            self.go("/deployments/77")
            self.page.wait_text("There is no deployment 77")
            self.look(axe, f"no such deployment, dark={dark}")
        self.daemon.stop()
        self.page.wait_text("Not connected to the daemon")
        for dark in (False, True):
            self.page.scheme(dark)
            self.look(axe, f"away, dark={dark}")
        self.serve()
        self.page.wait_text("Your session has ended")
        for dark in (False, True):
            self.page.scheme(dark)
            self.look(axe, f"an ended session, dark={dark}")
