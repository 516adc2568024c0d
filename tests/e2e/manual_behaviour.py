"""The man pages: current, whole, without a fault, and installed where man and the shells look."""

import json
import re
import shutil
import subprocess
import unittest

from harness import BINARY, ENVIRONMENT, ROOT, Case, run

PAGES = ["lastgood.1", "lastgood.yaml.5", "lastgood-errors.7", "lastgood-serve.8"]


def need(program):
    if not shutil.which(program, path=ENVIRONMENT["PATH"]):
        raise unittest.SkipTest(f"{program} is not installed")


def shown(page):
    """As a reader has it, in one line."""
    need("groff")
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-P-cbou", "-rLL=2000n", str(ROOT / "docs" / "man" / page)],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=30,
    )
    return re.sub(r"\s+", " ", done.stdout.replace("‐", "-").replace("−", "-"))


def keys_of(schema):
    """The names of all properties, however deep."""
    if isinstance(schema, list):
        for part in schema:
            yield from keys_of(part)
    elif isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from keys_of(part)


class Manual(Case):
    def test_the_pages_are_as_the_program_and_the_manual_are_now(self):
        done = run(ROOT / "scripts" / "make-man", BINARY, "--check")
        self.assertEqual(0, done.returncode, f"{done.stderr}: run scripts/make-man {BINARY}")

    def test_every_command_and_option_is_there(self):
        tree = json.loads(run(BINARY, "command-tree").stdout)
        text = shown("lastgood.1")

        def look(command, path):
            self.assertIn(" ".join(path), text)
            for option in command["options"]:
                for name in set(option["names"]) - {"-h", "--help"}:
                    self.assertRegex(text, rf"(?<![\w-]){name}\b", path)
            for one in command["commands"]:
                look(one, [*path, one["name"]])

        for command in tree["commands"]:
            look(command, [command["name"]])

    def test_every_config_key_is_there(self):
        text = shown("lastgood.yaml.5")
        keys = set(keys_of(json.loads((ROOT / "config" / "lastgood.schema.json").read_text("utf-8"))))
        self.assertGreater(len(keys), 90)
        for key in sorted(keys):
            self.assertRegex(text, rf"\b{key}\b")

    def test_they_have_no_fault(self):
        need("mandoc")
        need("groff")
        for page in PAGES:
            path = str(ROOT / "docs" / "man" / page)
            done = run("mandoc", "-Tlint", "-W", "warning", path)
            # A page is as old as the program: it has no date of its own.
            told = [line for line in (done.stdout + done.stderr).splitlines()
                    if "missing date" not in line]
            self.assertEqual([], told, page)
            done = run("groff", "-man", "-ww", "-Tutf8", "-z", path, env={"LC_ALL": "C.UTF-8"})
            self.assertEqual("", done.stdout + done.stderr, page)

    def test_they_are_installed_with_the_completions(self):
        need("cmake")
        build, target = self.folder / "build", self.folder / "target"
        script = self.folder / "CMakeLists.txt"
        script.write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(texts NONE)\n"
            f"set(CMAKE_SOURCE_DIR {ROOT})\ninclude({ROOT}/cmake/InstallTexts.cmake)\n"
        )
        done = run("cmake", "-S", self.folder, "-B", build, "-DCMAKE_INSTALL_PREFIX=/usr")
        self.assertEqual(0, done.returncode, done.stderr)
        done = run("cmake", "--install", build, env={"DESTDIR": str(target)})
        self.assertEqual(0, done.returncode, done.stderr)
        there = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
        self.assertEqual(
            {f"usr/share/man/man{page[-1]}/{page}" for page in PAGES}
            | {
                "usr/share/bash-completion/completions/lastgood",
                "usr/share/zsh/vendor-completions/_lastgood",
                "usr/share/fish/vendor_completions.d/lastgood.fish",
            },
            there,
        )


if __name__ == "__main__":
    unittest.main()
