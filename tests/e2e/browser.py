"""A real headless Chromium, driven by its DevTools protocol: what a person at the dashboard does."""

import base64
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from harness import WAIT, Timeout, wait_until

PROGRAM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
KEYS = {
    "Tab": ("Tab", 9, ""), "Enter": ("Enter", 13, "\r"), "Escape": ("Escape", 27, ""),
    "Space": ("Space", 32, " "),
}


def need():
    """The websocket library, or the test is skipped: without it, or without a browser."""
    if not PROGRAM:
        raise unittest.SkipTest("chromium-headless-shell is not installed")
    try:
        import websocket
    except ImportError:
        raise unittest.SkipTest("python3-websocket is not installed") from None
    return websocket


class Browser:
    def __init__(self):
        self.websocket = need()
        self.profile = pathlib.Path(tempfile.mkdtemp(prefix="lastgood-browser-"))
        self.process = subprocess.Popen(
            [PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--no-first-run", "--disable-extensions", "--ignore-certificate-errors",
             "--remote-debugging-port=0", f"--user-data-dir={self.profile}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(self.profile), "TZ": "UTC"}, start_new_session=True,
        )
        try:
            told = self.profile / "DevToolsActivePort"
            wait_until(lambda: told.exists() and len(told.read_text().split()) == 2,
                       "the browser's start")
            self.port = int(told.read_text().split()[0])
        except Exception:
            self.close()
            raise

    def page(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        connection.request("PUT", "/json/new?about:blank")
        target = json.loads(connection.getresponse().read())
        connection.close()
        socket = self.websocket.create_connection(
            target["webSocketDebuggerUrl"], timeout=WAIT, suppress_origin=True)
        return Page(socket)

    def close(self):
        # All of it: the program is started by a script, and starts others.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        # Its helpers may write for a moment longer.
        for _ in range(50):
            shutil.rmtree(self.profile, ignore_errors=True)
            if not self.profile.exists():
                return
            time.sleep(0.02)


class Page:
    def __init__(self, socket):
        self.socket = socket
        self.number = 0
        self.errors = []  # what the page's scripts and its policy complained of
        self.responses = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def close(self):
        self.socket.close()

    # ---- the protocol
    def call(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.number:
                if "error" in message:
                    raise AssertionError(f"{method}: {message['error']}")
                return message["result"]
            self._event(message)

    def _event(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded":
            entry = parameters["entry"]
            # Refused requests are what some tests are about.
            if entry["level"] == "error" and entry["source"] != "network":
                self.errors.append(entry["text"])
        elif method == "Network.responseReceived":
            self.responses.append((parameters["requestId"], parameters["response"]["url"]))

    def js(self, expression):
        """Its value; a promise's when it is kept."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise AssertionError(details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    # ---- waiting and looking
    def wait(self, expression, what, timeout=None):
        def look():
            try:
                return self.js(f"Boolean({expression})")
            except AssertionError:
                return None  # on the way from one page to the next

        try:
            return wait_until(look, what, timeout, every=0.05)
        except Timeout as failure:
            raise Timeout(f"{failure}\n{self.errors}\n{self.text()}") from None

    def settle(self):
        """Until what the page has got by now is read and drawn."""
        self.js("(async () => { for (let i = 0; i < 5; i += 1) await new Promise((go) =>"
                "requestAnimationFrame(() => setTimeout(go))); })()")

    def text(self):
        return self.js("document.body ? document.body.innerText : ''")

    def wait_text(self, text, timeout=None):
        self.wait(f"document.body.innerText.includes({json.dumps(text)})", repr(text), timeout)

    # ---- doing
    def goto(self, url):
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'", f"{url} to be loaded")

    def click(self, selector, text=""):
        """With the mouse, on the first such element with that text, once it rests where it is."""
        find = (f"[...document.querySelectorAll({json.dumps(selector)})]"
                f".find((one) => one.textContent.includes({json.dumps(text)}))")
        # Where it was for two frames, and on top; null while that isn't so. It tells of its click.
        place = f"""(async () => {{
            const one = {find};
            if (!one) return null;
            one.scrollIntoView({{block: 'center'}});
            const frame = () => new Promise((go) => requestAnimationFrame(go));
            const at = () => {{ const b = one.getBoundingClientRect();
                return [b.x + b.width / 2, b.y + b.height / 2]; }};
            await frame();
            const before = at();
            await frame();
            const now = at();
            if (!one.isConnected || String(before) !== String(now)) return null;
            if (!one.contains(document.elementFromPoint(...now))) return null;
            window.clicked = false;
            one.addEventListener('click', () => {{ window.clicked = true; }}, {{once: true}});
            return now;
        }})()"""

        def try_it():
            try:
                at = self.js(place)
            except AssertionError:
                return False  # on the way from one page to the next
            if not at:
                return False
            for kind in ("mousePressed", "mouseReleased"):
                self.call("Input.dispatchMouseEvent", type=kind, x=at[0], y=at[1], button="left",
                          clickCount=1)
            # What moved away meanwhile didn't get it, and is tried again. A page that was left has
            # no such word any more.
            return self.js("window.clicked !== false")

        try:
            wait_until(try_it, f"{selector} with {text!r}", every=0.05)
        except Timeout as failure:
            raise Timeout(f"{failure}\n{self.errors}\n{self.text()}") from None

    def press(self, key, shift=False):
        code, number, text = KEYS[key]
        common = {"key": " " if key == "Space" else key, "code": code,
                  "windowsVirtualKeyCode": number, "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def tab_to(self, condition, what, most=60):
        """By the Tab key alone, until the condition holds for `at`, the element with the focus."""
        for _ in range(most):
            if self.js(f"((at) => Boolean({condition}))(document.activeElement)"):
                return
            self.press("Tab")
        raise AssertionError(f"no way by the Tab key to {what}")

    # ---- how it is shown
    def size(self, width, height=900, scale=1, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=scale, mobile=mobile)

    def scheme(self, dark):
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"}])

    def picture(self, path):
        shot = self.call("Page.captureScreenshot", format="png")
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))
