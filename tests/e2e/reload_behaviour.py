"""SIGHUP: the config is read again, and only what changed in it changes."""

import copy
import json
import signal
import socket
import unittest

from harness import Case, free_port, get
from load import Load


class Reload(Case):
    def serves(self, port, version):
        try:
            return get(port)[1].startswith(version + " ")
        except OSError:
            return False

    def test_another_environment_comes_with_a_fresh_process_and_no_request_fails(self):
        self.app["env"] = {"COLOUR": "red"}
        commit = self.first_good()
        before = self.status()
        with Load(self.app_port) as load:
            self.app["env"] = {"COLOUR": "green"}
            self.reload()
            self.wait(lambda: self.status()["pid"] not in (0, before["pid"]), "a fresh process")
            self.wait_one_process()
        self.assertEqual([], [str(failure) for failure in load.failures])
        self.assertEqual("green", json.loads(get(self.app_port, "/env")[1])["COLOUR"])
        after = self.status()
        self.assertEqual((commit, 0), (after["commit"], after["restarts"]))
        # The same once more changes nothing.
        self.reload()
        self.assertEqual(after["pid"], self.status()["pid"])

    def test_another_command_line_counts_for_what_is_live(self):
        self.first_good()
        before = self.status()
        self.app["run"] = ["/bin/sh", "-c", 'export SHAPE=round; exec "$@"', "sh", *self.app["run"]]
        self.reload()
        self.wait(lambda: self.status()["pid"] not in (0, before["pid"]), "a fresh process")
        self.assertEqual("round", json.loads(get(self.app_port, "/env")[1])["SHAPE"])

    def test_settings_leave_the_process_alone(self):
        self.first_good()
        before = self.status()
        self.app["paths"] = ["elsewhere/"]
        self.app["probation"] = "400ms"
        self.reload()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait(
            lambda: any(row["commit"] == second and row["outcome"] for row in self.history()),
            "the push to be looked at",
        )
        self.assertEqual(before["pid"], self.status()["pid"])
        self.assertEqual("v1", self.version())

    def test_apps_come_and_go(self):
        first = self.first_good()
        pid = self.status()["pid"]
        port = free_port()
        self.config["apps"]["second"] = copy.deepcopy(self.app)
        self.config["apps"]["second"]["listen"] = f"127.0.0.1:{port}"
        self.reload()
        self.wait(lambda: self.serves(port, "v1"), "the second app to serve")
        self.assertEqual(["backend", "second"],
                         [app["name"] for app in self.api("/v1/apps")["apps"]])
        # Its webhook counts, too.
        self.assertEqual(first, self.status("second")["commit"])
        self.assertEqual(pid, self.status()["pid"])
        del self.config["apps"]["second"]
        self.reload()
        self.wait(lambda: not self.serves(port, "v1"), "the second app's end")
        self.assertEqual(pid, self.status()["pid"])

    def test_another_address(self):
        self.first_good()
        old, self.app_port = self.app_port, free_port()
        self.app["listen"] = f"127.0.0.1:{self.app_port}"
        self.reload()
        self.wait(lambda: self.serves(self.app_port, "v1"), "the app at its new address")
        self.assertFalse(self.serves(old, "v1"))
        self.wait_one_process()

    def test_an_address_that_cannot_be_had_leaves_the_app_where_it_is(self):
        self.first_good()
        pid = self.status()["pid"]
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.app["listen"] = f"127.0.0.1:{port}"
            self.reload()
            self.assertIn(f"port {port} is in use by ", self.daemon.log())
            self.assertIn("it runs on as it was before: mend that, and reload again", self.daemon.log())
            self.assertEqual(pid, self.status()["pid"])
            self.assertTrue(self.serves(self.app_port, "v1"))
        self.reload()
        self.wait(lambda: self.serves(port, "v1"), "the app at its new address")
        self.app_port = port

    def test_a_faulty_config_is_refused_and_the_old_one_stays(self):
        self.first_good()
        before = self.status()
        good = copy.deepcopy(self.config)
        self.app["prot"] = 3000
        self.app["probation"] = "soon"
        self.reload("config | it is refused, and what was before stays")
        self.assertIn("apps.backend.probation", self.daemon.log())
        self.assertIn("apps.backend.prot", self.daemon.log())
        self.assertEqual(before["pid"], self.status()["pid"])
        self.config = good
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)

    def test_what_only_a_restart_changes_is_named(self):
        self.first_good()
        self.config["log"]["level"] = "info"
        self.config["webhook"]["listen"] = f"127.0.0.1:{free_port()}"
        self.reload()
        self.assertIn("counts only from a restart of lastgood on: webhook.listen, log",
                      self.daemon.log())


if __name__ == "__main__":
    unittest.main()
