"""Every command's JSON is as its schema says, and every command's exit codes are as documented."""

import json
import unittest

from forge_api import ForgeApi
from harness import BINARY, Case, run
from schemas import check


def all_commands(tree, before=()):
    for command in tree["commands"]:
        path = (*before, command["name"])
        yield path, command
        yield from all_commands(command, path)


class Schemas(Case):
    def setUp(self):
        super().setUp()
        self.seen = set()

    def as_schema(self, name, *words, code=0):
        done = self.cli(*words, "--json")
        self.assertEqual(code, done.returncode, (words, done.stdout, done.stderr))
        for line in done.stdout.splitlines():
            check(name, json.loads(line))
        self.assertTrue(done.stdout, words)
        self.seen.add(" ".join(str(w) for w in words if str(w).isalpha())[:40])
        return done.stdout

    def test_of_who_is_told(self):
        self.config["notify"] = [
            {"command": ["/bin/true"], "name": "page"},
            {"command": ["/bin/false"], "name": "broken", "events": "all"},
        ]
        self.write_config()
        self.as_schema("notify-test", "notify", "test", code=1)
        self.first_good()
        self.wait(
            lambda: any(row["next"] for row in self.cli_json("notify", "list")["targets"]),
            "a message that is tried again",
        )
        self.as_schema("notify-list", "notify", "list", "backend")

    def test_of_an_app_with_a_history(self):
        self.app["build"] = "echo built"
        first = self.first_good()
        bad = self.repo.commit("bad", start="exit")
        self.push(bad)
        row = self.wait_outcome(bad, "failed")
        for schema, *words in (
            ("status", "status"),
            ("status", "status", "backend"),
            ("history", "history"),
            ("history", "history", "backend", "-n", "1"),
            ("explain", "explain", "backend"),
            ("explain", "explain", "1"),
            ("deliveries", "deliveries"),
            ("quarantine", "quarantine"),
            ("logs", "logs"),
            ("logs", "logs", "backend"),
            ("check", "check"),
            ("version", "version"),
            ("answer", "pause", "backend"),
            ("answer", "resume", "backend"),
            ("answer", "restart", "backend"),
            ("answer", "stop", "backend"),
            ("answer", "start", "backend"),
            ("answer", "quarantine", "release", "backend", bad),
        ):
            self.as_schema(schema, *words)
        self.wait(lambda: self.status()["state"] == "running", "the app to be back")
        good = self.repo.commit("v2")
        self.as_schema("deployment", "deploy", "backend")
        self.as_schema("deployment", "rollback", "backend")
        self.as_schema("explain", "explain", "backend")
        self.as_schema("answer", "deploy", "backend", good, "--force", "--no-wait")
        self.wait_good(good)
        self.as_schema("answer", "rollback", "backend", "--to", first, "--no-wait")
        self.wait_good(first)
        third = self.repo.commit("v3")
        self.push(third, delivery="once-more")
        self.wait_good(third)
        self.cli_ok("rollback", "backend")
        self.cli_ok("quarantine", "release", "backend", third)
        self.as_schema("answer", "redeliver", "once-more")
        self.wait_good(third)
        self.as_schema("reexec", "reexec")
        self.assertGreater(row["id"], 1)

    def test_of_the_state_in_a_file(self):
        self.first_good()
        archive = self.folder / "state.tar.gz"
        self.as_schema("archive", "export", archive)
        self.daemon.stop()
        self.config["state_dir"] = str(self.folder / "other")
        self.write_config()
        self.as_schema("archive", "import", archive)

    def test_of_doctor_and_init_and_faults(self):
        self.serve_and_look()
        done = self.cli("doctor", "--json")
        check("doctor", json.loads(done.stdout))
        self.daemon.stop()
        self.config_path.write_text("apps: nonsense\nfoo: 1\n")
        self.as_schema("check", "check", code=2)
        self.as_schema("check", "doctor", code=2)
        checkout = self.folder / "shop"
        checkout.mkdir()
        (checkout / "start.sh").write_text("#!/bin/sh\nsleep 1\n")
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
            self.assertEqual(0, run("git", "-C", checkout, *words).returncode)
        self.config_path = self.folder / "etc" / "lastgood.yaml"
        self.as_schema("init", "init", checkout)

    def test_of_the_hook_at_the_forge(self):
        with ForgeApi("github", "t0ken", self.folder) as forge:
            self.app["repo"] = forge.repo_url("backend")
            self.app["webhook"] = {"provider": "github", "secret_file": str(self.folder / "secret")}
            self.config["webhook"]["public_url"] = f"http://127.0.0.1:{self.hook_port}/"
            (self.folder / "token").write_text("t0ken\n")
            token = ["--token-file", self.folder / "token"]
            self.serve_and_look()
            self.as_schema("webhook-register", "webhook", "register", "backend", *token)
            self.as_schema("webhook-register", "webhook", "register", "backend")
            self.as_schema("webhook-test", "webhook", "test", "backend")
            self.as_schema("webhook-list", "webhook", "list", "backend", *token)
            self.as_schema("deliveries-sync", "deliveries", "sync", "backend", *token)
            self.as_schema("webhook-remove", "webhook", "remove", "backend", *token)


class ExitCodes(Case):
    """A row for each command: what it ends with when all is well, without a daemon, when it is
    used wrongly, and when it is refused. None: it can't be."""

    #        command                            done  no daemon  usage                 refused
    TABLE = [
        (["status"],                            0,    3,   ["status", "nobody"],       None),
        (["history"],                           0,    3,   ["history", "-n", "0"],     None),
        (["explain", "backend"],                0,    3,   ["explain", "4711"],        None),
        (["deliveries"],                        0,    3,   ["deliveries", "-n", "x"],  None),
        (["redeliver", "first"],                None, 3,   ["redeliver", "none"],      "paused"),
        (["quarantine"],                        0,    3,   ["quarantine", "--x"],      None),
        (["pause", "backend"],                  0,    3,   ["pause"],                  None),
        (["resume", "backend"],                 0,    3,   ["resume", "nobody"],       None),
        (["restart", "backend"],                0,    3,   ["restart", "a", "b"],      None),
        (["stop", "backend"],                   0,    3,   ["stop", "nobody"],         None),
        (["start", "backend"],                  0,    3,   ["start", "nobody"],        None),
        (["deploy", "backend"],                 0,    3,   ["deploy", "nobody"],       "quarantined"),
        (["rollback", "backend"],               None, 3,   ["rollback", "nobody"],     "nothing good"),
        (["quarantine", "release", "backend", "0" * 40],
                                                None, 3,   ["quarantine", "release"],  "not there"),
        (["reexec"],                            0,    3,   ["reexec", "now"],          None),
        (["logs"],                              0,    0,   ["logs", "--level", "x"],   None),
        (["check"],                             0,    0,   ["check", "--x"],           None),
        (["doctor"],                            None, None, ["doctor", "nobody"],      None),
        (["version"],                           0,    0,   ["version", "x"],           None),
        (["completion", "bash"],                0,    0,   ["completion", "tcsh"],     None),
        (["help", "deploy"],                    0,    0,   ["help", "LG-nothing"],     None),
        (["help", "LG-not-ready"],              0,    0,   ["help", "depoly"],         None),
        (["webhook", "register", "backend"],    0,    0,   ["webhook", "register"],    None),
        (["webhook", "test", "backend"],        0,    1,   ["webhook", "test", "no"],  None),
        (["webhook", "list", "backend"],        None, None, ["webhook", "list"],       None),
        (["webhook", "remove", "backend"],      None, None, ["webhook", "remove"],     None),
        (["notify", "list"],                    0,    3,   ["notify", "list", "no"],   None),
        (["notify", "test"],                    0,    0,   ["notify", "test", "no"],   None),
        (["relay", "http://x", "--to", "http://y/hooks"],
                                                None, None, ["relay", "http://x"],     None),
        (["deliveries", "sync", "backend"],     None, None, ["deliveries", "sync"],    None),
        (["init"],                              None, None, ["init", "a", "b"],        "is there"),
        (["fleet", "status"],                   2,    2,   ["fleet", "status", "a", "b"], None),
        (["fleet", "hosts"],                    2,    2,   ["fleet", "hosts", "a", "b"], None),
        (["fleet", "history"],                  2,    2,   ["fleet", "history", "-n", "0"], None),
        (["fleet", "deploy", "backend"],        2,    2,   ["fleet", "deploy"],        None),
        (["fleet", "rollback", "backend"],      2,    2,   ["fleet", "rollback"],      None),
        (["fleet", "pause", "backend"],         2,    2,   ["fleet", "pause"],         None),
        (["fleet", "resume", "backend"],        2,    2,   ["fleet", "resume"],        None),
        (["export", "FOLDER/state.tgz"],        0,    0,   ["export"],                 None),
        (["import", "FOLDER/state.tgz"],        None, None, ["import"],                None),
        (["serve"],                             None, None, ["serve", "now"],          None),
    ]

    def code(self, words, wanted):
        done = self.cli(*[word.replace("FOLDER", str(self.folder)) for word in words])
        self.assertEqual(wanted, done.returncode, (words, done.stdout, done.stderr))
        return done

    def test_the_table_has_every_command(self):
        tree = json.loads(run(BINARY, "command-tree").stdout)
        rows = [row[0] for row in self.TABLE]
        for path, command in all_commands(tree):
            if path in (("webhook",), ("notify",), ("fleet",)):
                continue  # only its own commands do something
            self.assertTrue(any(tuple(row[: len(path)]) == path for row in rows), path)

    def test_every_command(self):
        self.config["webhook"]["public_url"] = f"http://127.0.0.1:{self.hook_port}/"
        self.config["notify"] = [{"command": ["/bin/true"]}]
        self.serve_and_look()
        commit = self.repo.commit("v1")
        self.push(commit, delivery="first")
        self.wait_good(commit)
        for words, done, _, usage, _ in self.TABLE:
            if done is not None:
                self.code(words, done)
            if words[0] in ("start", "restart", "reexec"):
                self.wait(lambda: self.status()["state"] == "running", "the app to be back")
            told = self.code(usage, 2)
            self.assertTrue(told.stderr, usage)

        self.cli_ok("pause", "backend")
        self.assertIn("LG-paused", self.code(["redeliver", "first"], 4).stderr)
        self.cli_ok("resume", "backend")
        bad = self.repo.commit("bad", start="exit")
        self.assertIn("LG-not-ready", self.code(["deploy", "backend"], 1).stdout)
        self.assertIn("LG-quarantined", self.code(["deploy", "backend", bad], 4).stderr)
        self.assertIn("LG-nothing-good", self.code(["rollback", "backend"], 4).stderr)
        self.code(["quarantine", "release", "backend", commit], 4)
        self.code(["init"], 4)

        self.daemon.stop()
        self.daemon.forget()  # the front door's socket, too
        for words, _, away, _, _ in self.TABLE:
            if away is not None:
                told = self.code(words, away)
                if away == 3:
                    self.assertIn("lastgood help LG-no-daemon", told.stderr)
        self.config_path.write_text("apps: nonsense\n")
        for words in (["check"], ["status"], ["serve"], ["export", "x"], ["doctor"]):
            self.assertIn("LG-config", self.code(words, 2).stderr)

    def test_no_color_and_json_anywhere(self):
        self.write_config()
        for words in (["check", "--json"], ["--config", self.config_path, "check", "--json"]):
            done = run(BINARY, *words, env={"LASTGOOD_CONFIG": str(self.config_path)})
            self.assertEqual({"faults": []}, json.loads(done.stdout))


if __name__ == "__main__":
    unittest.main()
