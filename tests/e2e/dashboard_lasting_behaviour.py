"""The dashboard left open: redrawn under the operator's hands, out of sight, and flooded."""

import os
import time

import dashboard_behaviour as dashboard
from harness import get

WORD = "((at) => at.textContent)(document.activeElement)"


class Open(dashboard.Dashboard):
    def focus(self, selector, text):
        """On the button, which is marked to be known again."""
        self.page.wait(f"[...document.querySelectorAll('{selector}')].some((one) =>"
                       f"one.textContent.startsWith('{text}'))", text)
        self.page.js(f"window.held = [...document.querySelectorAll('{selector}')].find((one) =>"
                     f"one.textContent.startsWith('{text}')); window.held.focus(); 0")

    def hide(self, page, hidden):
        """What the browser says of a tab that nobody looks at; a headless one never does."""
        word = "true" if hidden else "false"
        page.js(f"Object.defineProperty(document, 'hidden', {{value: {word}, configurable: true}});"
                "document.dispatchEvent(new Event('visibilitychange')); 0")

    def pipe(self, text):
        """The app writes it: into its own standard output."""
        descriptor = os.open(f"/proc/{self.status()['pid']}/fd/1", os.O_WRONLY)
        try:
            while text:
                text = text[os.write(descriptor, text):]
        finally:
            os.close(descriptor)


class Redrawn(Open):
    def test_a_button_keeps_the_focus_while_a_deployment_comes_and_goes(self):
        self.first_good()
        self.sign_in()
        for version, route in (("v2", "/"), ("v3", "/apps/backend")):
            self.go(route)
            self.focus("main button", "Pause")
            commit = self.repo.commit(version, crash_after_ms=100 if version == "v3" else None)
            self.push(commit)
            self.page.wait("document.querySelector('.going-on')", "the deployment")
            self.wait(lambda c=commit: any(row["outcome"] for row in self.deployments_of(c)), "its end")
            self.page.wait("!document.querySelector('.going-on')", "its end on the page")
            self.assertTrue(self.page.js("document.activeElement === window.held"), route)
        self.no_faults()

    def test_a_notice_above_a_button_leaves_it_the_focus(self):
        self.first_good()
        self.sign_in()
        self.go("/apps/backend")
        self.focus("main button", "Roll back")
        self.page.js("window.fetch = ((real) => async (url, ...more) => { const answer = await real(url, ...more);"
                     "if (url !== '/v1/apps') return answer; const all = await answer.json();"
                     "all.apps[0].trouble = 'the disk is full'; return Response.json(all); })(window.fetch); 0")
        self.page.wait_text("the disk is full")
        self.assertTrue(self.page.js("document.activeElement === window.held"))
        self.no_faults()

    def test_the_focus_goes_on_where_its_button_becomes_another_or_goes(self):
        self.good_and_then_long_probations()
        self.sign_in()
        self.push(self.repo.commit("v2", crash_after_ms=30))
        self.wait_badge("rolled back")
        self.go("/apps/backend")
        self.page.tab_to("at.textContent.startsWith('Stop')", "the button")
        self.page.press("Enter")
        self.page.wait("document.querySelector('dialog[open]')", "the question")
        self.page.press("Enter")
        self.wait_badge("stopped")
        self.page.wait(f"{WORD} === 'Start'", "the focus on what undoes it")
        self.go("/quarantine")
        self.page.tab_to("at.textContent.startsWith('Release')", "the button")
        self.page.press("Enter")
        self.page.wait("document.querySelector('dialog[open]')", "the question")
        self.page.press("Enter")
        self.page.wait_text("No commit is in quarantine")
        self.page.wait("document.activeElement.id === 'main'", "the focus not to be lost")
        self.no_faults()

    def test_what_was_read_late_does_not_replace_what_is_newer(self):
        self.app["build"] = [f"while [ ! -e {self.folder}/go ]; do sleep 0.05; done"]
        self.serve_and_look()
        self.sign_in()
        self.push(self.repo.commit("v1"))
        self.wait_building()
        # The answer that was made in the build comes when all is over.
        self.page.js("window.fetch = ((real) => async (url, ...more) => { const answer = await real(url, ...more);"
                     "if (!String(url).startsWith('/v1/history') || window.read) return answer; window.read = true;"
                     "await new Promise((go) => { window.goOn = go; }); return answer; })(window.fetch); 0")
        self.page.click("main button", "Pause")
        self.confirm("Pause")
        self.page.wait("window.goOn", "the answer")
        (self.folder / "go").touch()
        self.page.wait("document.querySelector('.timeline .badge').innerText === 'good'", "its end")
        self.page.js("window.goOn(); 0")
        self.page.settle()
        self.assertEqual("good", self.page.js("document.querySelector('.timeline .badge').innerText"))
        self.no_faults()


class OutOfSight(Open):
    def test_any_number_of_tabs_can_be_open(self):
        self.first_good()
        self.sign_in()
        tabs = []
        for _ in range(7):
            tab = self.browser.page()
            self.addCleanup(tab.close)
            tabs.append(tab)
            tab.goto(f"{self.address}#/apps/backend/logs")
            tab.wait("document.body.dataset.connected === 'true'", "the connection")
            tab.wait_text("Following.")
            self.hide(tab, True)
        get(self.app_port, "/say/out-of-sight")
        self.page.click("nav a", "Quarantine")
        self.page.wait_text("No commit is in quarantine")
        self.page.js("Promise.race([fetch('/v1/session'), new Promise((_, no) => setTimeout(no, 9000))])")
        self.hide(tabs[3], False)
        tabs[3].wait_text("out-of-sight")
        self.no_faults()

    def test_lines_go_on_where_they_were_once_it_is_seen_again(self):
        self.first_good(say=["before"])
        self.sign_in()
        self.go("/apps/backend/logs")
        for word in ("first", "second"):
            get(self.app_port, f"/say/{word}-line")
            self.page.wait_text(f"{word}-line")
            self.hide(self.page, True)
            self.assertIn("before", self.page.text())
            for number in range(3):
                get(self.app_port, f"/say/missed-{word}-{number}")
            self.hide(self.page, False)
            self.page.wait_text(f"missed-{word}-2")
        text = self.page.text()
        for wanted in ("first-line", "second-line", "missed-first-0", "missed-first-2", "missed-second-2"):
            self.assertEqual(1, text.count(wanted), (wanted, text))
        self.assertNotIn("left out", text)
        self.no_faults()


class Flooded(Open):
    def test_an_app_that_writes_much_does_not_hold_the_page_up(self):
        self.first_good()
        self.sign_in()
        self.go("/apps/backend/logs")
        self.page.wait_text("Following.")
        self.pipe(b"".join(b"line %d of many words\n" % n for n in range(50_000)))
        self.pipe(b"\xff\xfe \x1b[31mred\x1b[0m and the end\n")
        begun = time.monotonic()
        self.page.wait_text("red and the end")
        self.assertLess(time.monotonic() - begun, 15)
        rows = self.page.js("document.querySelectorAll('.log .row').length")
        self.assertLessEqual(rows, 2000)
        self.assertTrue(self.page.js("(({scrollHeight, scrollTop, clientHeight}) =>"
                                     "scrollHeight - scrollTop - clientHeight < 30)(document.querySelector('.log'))"))
        self.pipe((b"W" * 65_000 + b"\n") * 64 + b"after long lines\n")
        self.page.wait_text("after long lines")
        self.assertLess(self.page.js("document.querySelector('.log').textContent.length"), 2_100_000)
        self.no_faults()

    def test_the_output_of_a_build_is_shown_from_its_end(self):
        go = self.folder / "go"
        self.app["build"] = [f"while [ ! -e {go} ]; do sleep 0.05; done; yes 'a line of the build' | head -c 8000000;"
                             "echo the end of it"]
        self.serve_and_look()
        self.sign_in()
        self.push(self.repo.commit("v1"))
        self.wait_building()
        self.page.click("main a", "Deployment 1")
        self.page.wait("document.querySelector('.log.output')", "the output")
        go.touch()
        self.page.wait_text("the end of it", timeout=40)
        self.assertLess(self.page.js("document.querySelector('.log.output').textContent.length"), 2_100_000)
        self.page.wait_text("the beginning is left out here")
        self.no_faults()
