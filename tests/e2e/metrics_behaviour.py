"""/metrics: its form, what it counts, and that the dashboard and the alert rules ask for what is there."""

import json
import os
import re
import shutil
import signal
import subprocess
import unittest

from harness import ROOT, Case, UnixConnection, run

RULES = ROOT / "config" / "prometheus" / "lastgood.rules.yml"
DASHBOARD = ROOT / "config" / "grafana" / "lastgood.json"
SAMPLE = re.compile(r'^([a-z_:]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)$')


def parse(text):
    """{name: (type, {labels: value})}; raises where it is not as the text format says."""
    families = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, words = line[7:].split(" ", 1)
            assert name not in families and words, line
            families[name] = [None, {}]
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert kind in ("gauge", "counter") and families[name][0] is None, line
            assert (kind == "counter") == name.endswith("_total"), line
            families[name][0] = kind
        else:
            found = SAMPLE.match(line)
            assert found and found[1] == list(families)[-1], line
            labels = found[2] or ""
            assert labels not in families[found[1]][1], line
            families[found[1]][1][labels] = float(found[3])
    return families


class Metrics(Case):
    def text(self):
        connection = UnixConnection(self.runtime / "control.sock")
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def value(self, name, labels='app="backend"'):
        return parse(self.text())[name][1][labels]

    def test_what_happens_is_counted(self):
        self.config["notify"] = [{"command": ["/bin/true"], "name": "page"}]
        self.first_good()
        bad = self.repo.commit("v2", start="exit")
        self.push(bad)
        self.wait_outcome(bad, "failed")
        self.assertEqual(0, self.value("lastgood_app_restarts_total"), "it was never up")
        pid = self.status()["pid"]
        os.kill(pid, signal.SIGKILL)
        self.wait(lambda: self.value("lastgood_app_restarts_total") == 1, "the restart to be counted")
        of = 'app="backend",'
        self.assertEqual(1, self.value("lastgood_deployments_total", of + 'outcome="good"'))
        self.assertEqual(1, self.value("lastgood_deployments_total", of + 'outcome="failed"'))
        self.assertEqual(0, self.value("lastgood_deployments_total", of + 'outcome="rolled_back"'))
        self.assertEqual(2, self.value("lastgood_deliveries_total", of + 'decision="deploy"'))
        self.assertEqual(1, self.value("lastgood_app_quarantined_commits"))
        good = self.value("lastgood_last_deployment_timestamp_seconds", of + 'outcome="good"')
        self.assertGreater(
            self.value("lastgood_last_deployment_timestamp_seconds", of + 'outcome="failed"'), good)
        sent = of + 'target="page",result="delivered"'
        self.wait(lambda: self.value("lastgood_notifications_total", sent) == 2, "both told")
        states = {labels: value for labels, value in parse(self.text())["lastgood_app_state"][1].items()}
        self.assertEqual(1, sum(states.values()), states)

    def test_its_form_is_prometheus_own(self):
        self.config["notify"] = [{"command": ["/bin/true"]}]
        self.first_good()
        text = self.text()
        parse(text)
        if promtool := shutil.which("promtool"):
            done = subprocess.run([promtool, "check", "metrics"], input=text, text=True,
                                  capture_output=True, timeout=30)
            self.assertEqual((0, "", ""), (done.returncode, done.stdout, done.stderr))

    def test_dashboard_and_rules_ask_for_what_is_there(self):
        self.config["notify"] = [{"command": ["/bin/true"]}]
        self.first_good()
        there = set(parse(self.text()))
        panels = json.loads(DASHBOARD.read_text())["panels"]
        asked = [target["expr"] for panel in panels for target in panel["targets"]]
        asked += re.findall(r"expr: (?:>-\n)?(.+?)\n +(?:for|labels):", RULES.read_text(), re.S)
        self.assertGreater(len(asked), 20)
        for expression in asked:
            names = re.findall(r"lastgood_[a-z_]+", expression)
            self.assertTrue(names, expression)
            if all(name.startswith("lastgood_fleet_") for name in names):
                continue  # the fleet's tests see to them
            self.assertLessEqual(set(names), there, expression)


@unittest.skipUnless(shutil.which("promtool"), "needs Debian's package prometheus")
class Rules(unittest.TestCase):
    def test_each_alert_fires_when_it_shall_and_not_before(self):
        done = run("promtool", "check", "rules", RULES)
        self.assertEqual(0, done.returncode, done.stderr)
        test = ROOT / "tests" / "data" / "metrics" / "lastgood.rules.test.yml"
        rules = re.findall(r"alert: (\w+)", RULES.read_text())
        self.assertEqual(set(rules), set(re.findall(r"alertname: (\w+)", test.read_text())))
        done = subprocess.run(
            ["promtool", "test", "rules", "/dev/stdin"], text=True, capture_output=True, timeout=60,
            input=test.read_text().replace("RULES", str(RULES)))
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
