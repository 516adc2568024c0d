"""Pages that promise something name the tests that show it; each of those is there."""

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
    def check(self, page, heading, rows_min):
        """The last column of the table under the heading holds the names of tests."""
        text = (ROOT / "docs" / page).read_text("utf-8").partition(f"## {heading}")[2]
        rows = re.findall(r"^\| (.+) \| (`.+`) \|$", text.partition("\n## ")[0], re.M)
        self.assertGreaterEqual(len(rows), rows_min, page)
        there = tests_that_are_there()
        for claim, tests in rows:
            for name in re.findall(r"`(\w+)`", tests):
                self.assertIn(name, there, claim)

    def test_security(self):
        self.check("SECURITY.md", "Claims", 21)

    def test_from_polling(self):
        self.check("from-polling.md", "What becomes of it", 17)


if __name__ == "__main__":
    unittest.main()
