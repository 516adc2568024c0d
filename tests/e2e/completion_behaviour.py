"""Completion in the shells themselves, as their users have it."""

import shutil
import subprocess
import unittest

from harness import BINARY, ENVIRONMENT, ROOT, Case

BASH = r"""
PATH=$1:$PATH; source "$2"; shift 2
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_lastgood "$1" "${@: -1}" "${@: -2:1}"
printf '%s\n' "${COMPREPLY[@]}"
"""
# What _describe is given, which would draw a menu.
ZSH = r"""
PATH=$1:$PATH; compdef() { : }; source "$2"; shift 2
_describe() { print -rl -- ${(P)2} }; _files() { print -r -- FILES "$@" }
words=("$@"); CURRENT=$#
_lastgood
"""
FISH = r"""
set -p PATH $argv[1]; source $argv[2]; complete -C $argv[3]
"""


class Completion(Case):
    def setUp(self):
        super().setUp()
        self.programs = self.folder / "bin"
        self.programs.mkdir()
        (self.programs / "lastgood").symlink_to(BINARY)
        self.write_config()

    def shell(self, program, script, file, *words):
        if not shutil.which(program, path=ENVIRONMENT["PATH"]):
            self.skipTest(f"{program} is not installed (package {program})")
        flags = ["-f"] if program == "zsh" else ["--norc"] if program == "bash" else ["--no-config"]
        extra = [program] if program in ("bash", "zsh") else []
        done = subprocess.run(
            [program, *flags, "-c", script, *extra, str(self.programs),
             str(ROOT / "src/cli/completions" / file), *words],
            env={**ENVIRONMENT, "LASTGOOD_CONFIG": str(self.config_path),
                 "HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)},
            cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
        )
        self.assertEqual("", done.stderr)
        return [line for line in done.stdout.splitlines() if line]

    def bash(self, *words):
        return self.shell("bash", BASH, "lastgood.bash", "lastgood", *words)

    def zsh(self, *words):
        return self.shell("zsh", ZSH, "_lastgood", "lastgood", *words)

    def fish(self, *words):
        return self.shell("fish", FISH, "lastgood.fish", " ".join(["lastgood", *words]))

    def test_bash(self):
        self.assertEqual(["deploy"], self.bash("depl"))
        self.assertEqual({"--json", "--no-wait", "--force", "--help", "-h", "--config"},
                         set(self.bash("deploy", "-")))
        self.assertEqual(["register"], self.bash("webhook", "reg"))
        self.assertEqual([], self.bash("deploy", ""), "nobody knows the apps without the daemon")
        (self.folder / "archive.tgz").touch()
        self.assertEqual(["archive.tgz"], self.bash("export", "arch"))
        self.assertEqual(["bin"], self.bash("init", "bi"))
        commit = self.first_good()
        self.assertEqual(["backend"], self.bash("deploy", "b"))
        self.assertEqual([commit[:12]], self.bash("deploy", "backend", ""))
        self.assertEqual([commit], self.bash("rollback", "backend", "--to", commit[:39]))
        self.assertEqual(["1", "backend"], sorted(self.bash("explain", "")))
        self.assertEqual(["LG-not-ready"], self.bash("help", "LG-not-read"))

    def test_zsh(self):
        (line,) = self.zsh("depl")
        self.assertTrue(line.startswith("deploy:Put the branch's tip"), line)
        self.assertEqual(["FILES -/"], self.zsh("init", ""))
        self.assertEqual(["bash:", "fish:", "zsh:"], sorted(self.zsh("completion", "")))
        self.first_good()
        self.assertEqual(["backend:running"], self.zsh("status", ""))

    def test_fish(self):
        (line,) = self.fish("depl")
        self.assertTrue(line.startswith("deploy\tPut the branch's tip"), line)
        self.assertIn("--no-wait\tDon't wait for the outcome", self.fish("deploy", "--no"))
        self.first_good()
        self.assertEqual(["backend\trunning"], self.fish("status", "b"))

    def test_the_command_prints_what_is_installed(self):
        for shell, file in (("bash", "lastgood.bash"), ("zsh", "_lastgood"), ("fish", "lastgood.fish")):
            text = (ROOT / "src/cli/completions" / file).read_text("utf-8")
            self.assertEqual(text, self.cli_ok("completion", shell))
        self.assertEqual(2, self.cli("completion", "tcsh").returncode)


if __name__ == "__main__":
    unittest.main()
