"""What people and programs are shown of a fleet, wherever they look."""

import base64
import itertools
import json
import re
import subprocess
import unittest

import browser
from admin_client import TOKEN, add_admin
from dashboard_behaviour import axe_source
from fleet_behaviour import Fleet
from harness import BINARY, ENVIRONMENT, ROOT, UnixConnection, free_port, run, wait_until
from metrics_behaviour import parse


GROUP = 'group="web"'


class Seen(Fleet):
    hosts_count = 2

    def setUp(self):
        super().setUp()
        self.admin_port = free_port()
        self.hosts[1].config = add_admin(self, self.hosts[1].config)

    def metrics(self, host):
        connection = UnixConnection(host.folder / "run" / "control.sock")
        try:
            connection.request("GET", "/metrics")
            return {name: values for name, (_, values) in parse(connection.getresponse().read().decode()).items()}
        finally:
            connection.close()

    def test_metrics_say_how_the_group_is(self):
        first = self.begin()
        self.wait_rollout("done", first)
        controller = self.controller()
        other = next(host for host in self.hosts if host is not controller)
        wait_until(lambda: self.metrics(controller)["lastgood_fleet_rollout_state"].get(
            'app="backend",state="done"') == 1, "the rollout's end", 10)
        told = self.metrics(controller)
        self.assertEqual({GROUP: 2}, told["lastgood_fleet_hosts"])
        self.assertEqual({'app="backend"': 2}, told["lastgood_fleet_app_hosts_with_commit"])
        asked = re.findall(r"lastgood_fleet_[a-z_]+", (ROOT / "config/prometheus/lastgood.rules.yml").read_text())
        self.assertTrue(asked)
        self.assertLessEqual(set(asked), set(told))
        told = self.metrics(other)
        self.assertEqual(({GROUP: 1}, {GROUP: 0}), (told["lastgood_fleet_connected"], told["lastgood_fleet_controller"]))
        self.assertNotIn("lastgood_fleet_hosts", told)
        self.etcd.stop()
        wait_until(lambda: self.metrics(other)["lastgood_fleet_connected"] == {GROUP: 0}, "its word", 40)

    def test_watching_shows_each_step(self):
        first = self.begin()
        self.wait_rollout("done", first)
        seen = self.folder / "seen"
        with seen.open("wb") as out:
            watching = subprocess.Popen([BINARY, "--config", self.hosts[0].config_path, "fleet", "status",
                                         "--watch", "--json"], stdout=out, env=ENVIRONMENT)
        try:
            lines = lambda: [json.loads(line)["apps"][0] for line in seen.read_text().splitlines()]
            wait_until(lambda: lines(), "the first picture")
            gate = self.folder / "gate"
            second = self.repo.commit("v2", ready_gate=str(gate))
            self.assertEqual(202, self.hosts[0].push(second)[0])
            wait_until(lambda: lines()[-1]["state"] == "canary", "the canary to be shown", 30)
            self.assertEqual((second, 0), (lines()[-1]["commit"], lines()[-1]["hosts_with_commit"]))
            gate.touch()
            wait_until(lambda: lines()[-1]["state"] == "done", "the end to be shown", 60)
            states = [state for state, _ in itertools.groupby(one["state"] for one in lines())]
            self.assertIn(states, (["done", "canary", "done"], ["done", "canary", "waves", "done"]))
            self.assertEqual(2, lines()[-1]["hosts_with_commit"])
        finally:
            watching.terminate()
            watching.wait()

    def test_the_dashboard_shows_the_group(self):
        page = self.page()
        first = self.begin()
        page.goto(f"http://127.0.0.1:{self.admin_port}/")
        page.wait_text("Sign in")
        page.click("input[name=token]")
        page.type(TOKEN)
        page.press("Enter")
        page.wait_text("Lately")
        page.click("nav a", "Fleet")
        page.wait_text("2 of 2 hosts")
        page.wait_text(first[:7])
        bad = self.repo.commit("<b>v2", crash_after_ms=100)
        self.assertEqual(202, self.hosts[0].push(bad)[0])
        page.wait("[...document.querySelectorAll('main .badge')].some((b) => b.innerText === 'halted')",
                  "the halt", 60)
        self.wait_all(first)
        page.wait_text("0 of 2 hosts")
        page.size(360, 740, scale=2, mobile=True)
        page.wait("document.documentElement.scrollWidth <= 360", "it to fit a phone")
        axe = axe_source()
        for dark in (False, True):
            page.scheme(dark)
            page.js(axe)
            self.assertEqual([], page.js("axe.run(document).then((all) => all.violations.map((v) =>"
                                         "`${v.id}: ${v.nodes.map((n) => n.html).join(' | ')}`))"))
        self.etcd.stop()
        page.wait_text("etcd at", 30)
        self.assertEqual([], [error for error in page.errors if "503" not in error])

    def test_a_push_with_the_hook_is_told_whose_matter_it_is(self):
        host = self.hosts[0]
        token = "whsec_" + base64.b64encode(b"a key of the fleet's test, of some bytes").decode()
        secret = self.folder / "token"
        secret.write_text(token + "\n")
        secret.chmod(0o600)
        host.config["apps"]["backend"]["webhook"] = {"provider": "standard", "secret_file": str(secret)}
        host.start()
        self.hosts = [host]
        self.wait_members()
        hook = self.repo.path / "hooks" / "post-receive"
        hook.write_text((ROOT / "hooks/git/post-receive").read_text())
        hook.chmod(0o755)
        self.repo.commit("v1")
        self.repo.git("config", "lastgood.url", f"http://127.0.0.1:{host.hook_port}/hooks/backend")
        self.repo.git("config", "lastgood.secretFile", str(secret))
        clone = self.folder / "clone"
        run("git", "clone", "-q", self.repo.path, clone)
        (clone / "more").write_text("more\n")
        run("git", "-C", clone, "add", "-A")
        run("git", "-C", clone, "commit", "-q", "-m", "more")
        done = run("git", "-C", clone, "push", self.repo.path, "HEAD:main", timeout=30)
        self.assertIn("lastgood: backend was given to the fleet", done.stderr)
        commit = run("git", "-C", clone, "rev-parse", "HEAD").stdout.strip()
        self.wait_all(commit)

    def page(self):
        self.browser = browser.Browser()
        self.addCleanup(self.browser.close)
        page = self.browser.page()
        self.addCleanup(page.close)
        page.scheme(dark=False)
        page.size(1180)
        return page


if __name__ == "__main__":
    unittest.main()
