"""docs/guides/behind-nat.md, followed as it stands, in a systemd that has really booted: a relay, the hook, the
ping, and the unit with the drop-in that its page shows."""

import re
import shutil
import subprocess

from booted import BootedCase
from guides_behaviour import blocks
from harness import APP_COMMAND, ENVIRONMENT, ROOT, wait_until
from terminal import Terminal

GUIDE = ROOT / "docs" / "guides" / "behind-nat.md"
PORT = 8700
URL = f"http://127.0.0.1:{PORT}/channel"
# Runs in the machine, which has a network of its own.
RELAY = f"""
import sys, threading
sys.path.insert(0, "/srv")
from sse_relay import Channel
with Channel(port={PORT}):
    print("listening", flush=True)
    threading.Event().wait()
"""
# What a person does in the editor that systemctl opens: writes between its two comments. The file comes last,
# from systemd 256 on after the line to begin at.
EDITOR = """#!/bin/sh
for file; do :; done
exec sed -i '/^### Anything between here/r /srv/drop-in' "$file"
"""


def of_the_guide(text):
    return text.replace("https://smee.io/CHANNEL", URL)


class BehindNat(BootedCase):
    """One story, its steps in the guide's order."""

    @classmethod
    def prepare(cls, root):
        config = list(blocks(GUIDE, "yaml"))[1]
        for pattern, ours in ((r"repo: .*", "repo: /srv/backend.git"), (r" *auth: .*\n", ""),
                              (r"run: .*", f"run: {APP_COMMAND}".replace("'", '"')),
                              (r"ready: .*", "ready: { http: / }\n    probation: 300ms")):
            config, count = re.subn(pattern, ours, config)
            assert count == 1, f"{pattern}: {count} in the guide"
        (root / "etc/lastgood/lastgood.yaml").write_text(config)
        (root / "etc/lastgood/secret").unlink()  # the guide makes it
        shutil.copy(ROOT / "tests/e2e/sse_relay.py", root / "srv")
        shutil.copy(ROOT / "systemd/lastgood-relay.service", root / "etc/systemd/system")
        (ini,) = blocks(GUIDE, "ini")
        (root / "srv/drop-in").write_text(of_the_guide(ini))
        (root / "srv/editor").write_text(EDITOR)
        (root / "srv/editor").chmod(0o755)

    def setUp(self):
        """Nothing: the guide starts what it needs."""

    def begin(self, *argv):
        """Its output, and what ends it (nsenter is its parent, and passes no signal on)."""
        process = subprocess.Popen(["nsenter", "-t", self.machine.init, "-a", "--", "sh", "-c",
                                    'echo $$; exec "$@"', "sh", *argv], env=ENVIRONMENT,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        number = process.stdout.readline().strip()

        def end():
            self.inside("kill", number)
            process.wait(20)

        return process.stdout, end

    def run_block(self, containing):
        """The guide's own lines, by root."""
        (block,) = [b for b in blocks(GUIDE, "sh") if containing in b]
        return self.ok("sh", "-ec", of_the_guide(block).replace("sudo ", ""))

    def told_by_the_unit(self):
        return self.ok("journalctl", "-u", "lastgood-relay", "--no-pager", "-o", "cat")

    def push_there(self, commit):
        """Signed with the secret that the guide had made, sent to the relay's public address."""
        self.secret = self.ok("cat", "/etc/lastgood/secret")
        self.assertGreaterEqual(len(self.secret), 32)
        answer = self.push_to(URL, self.secret, commit)
        self.assertTrue(answer.endswith("200"), answer)

    def test_the_guide(self):
        said, end = self.begin("/usr/bin/python3", "-c", RELAY)
        self.addCleanup(end)
        self.assertEqual("listening\n", said.readline())
        registered = self.run_block("webhook register")
        self.assertIn("application/json", registered)
        self.assertIn(URL, registered)

        # By hand first, and a ping by way of the relay.
        (listen,) = [b for b in blocks(GUIDE, "sh") if b.startswith("lastgood relay")]
        said, end = self.begin(*of_the_guide(listen).split())
        self.assertIn("connected", said.readline())
        self.assertIn("passed it on", self.run_block("webhook test"))
        self.assertIn("200 ignored: ping", said.readline())
        end()

        # Without the two addresses the unit says so, and is not started again and again.
        self.inside("systemctl", "start", "lastgood-relay")
        wait_until(lambda: self.inside("systemctl", "is-failed", "lastgood-relay").stdout == "failed\n",
                   "its end")
        self.assertIn('URL: "" is no web address', self.told_by_the_unit())
        self.assertIn('`URL: "" is no web address`', GUIDE.read_text("utf-8"))

        (edit,) = re.findall(r"`sudo (systemctl edit [^`]*)`", GUIDE.read_text("utf-8"))
        with Terminal(["nsenter", "-t", self.machine.init, "-a", "--", "env", "EDITOR=/srv/editor",
                       *edit.split()]) as terminal:
            self.assertEqual(0, terminal.end(), terminal.text)
        self.ok("systemctl", "enable", "--now", "lastgood-relay")
        wait_until(lambda: "connected" in self.told_by_the_unit(), "its connection")

        commit = self.repo.commit("pushed through a relay")
        self.push_there(commit)
        wait_until(lambda: self.status()["last_good"] == commit, "the push to be good")
        wait_until(lambda: "202 accepted" in self.told_by_the_unit(), "the receiver's answer")
        self.assertIn("pushed through a relay ", self.curl(f"http://127.0.0.1:{self.APP}/"))

        self.assertTrue(self.push_to(URL, "a wrong secret, of thirty letters", commit).endswith("200"))
        wait_until(lambda: "401 refused" in self.told_by_the_unit(), "the refusal")
