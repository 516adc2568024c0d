"""Each claim of docs/SECURITY.md names tests that are there."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tests_that_are_there():
    names = set()
    for path in (ROOT / "tests").rglob("*_test.cpp"):
        names |= set(re.findall(r"^TEST(?:_F|_P)?\(\w+, (\w+)\)", path.read_text("utf-8"), re.M))
    for path in (ROOT / "tests" / "e2e").glob("*_behaviour.py"):
        names |= set(re.findall(r"^    def (test_\w+)\(", path.read_text("utf-8"), re.M))
    return names


class Claims(unittest.TestCase):
    def test_each_has_a_test(self):
        text = (ROOT / "docs" / "SECURITY.md").read_text("utf-8")
        rows = re.findall(r"^\| (.+) \| (`.+`) \|$", text.partition("## Claims")[2], re.M)
        self.assertGreater(len(rows), 20)
        there = tests_that_are_there()
        for claim, tests in rows:
            for name in re.findall(r"`(\w+)`", tests):
                self.assertIn(name, there, claim)


if __name__ == "__main__":
    unittest.main()
