"""Errors point to the manual by stable names: each name in the sources has its section in
docs/errors.md, and each section is of a name in the sources. Every command with JSON has a schema."""

import json
import re
import unittest

from sources import ROOT, all_sources

NAME = re.compile(r"\bLG-[a-z]+(?:-[a-z]+)*\b")


def sections():
    return re.findall(r"^## (.*)$", (ROOT / "docs" / "errors.md").read_text("utf-8"), re.M)


class Names(unittest.TestCase):
    def test_each_that_is_used_is_explained_and_the_other_way_round(self):
        used = set()
        for source in all_sources(("src",)):
            for line in source.lines:
                if not line.lstrip().startswith("//"):
                    # The help of `help` names one as an example.
                    used |= set(NAME.findall(line))
        self.assertGreater(len(used), 20)
        self.assertEqual(sorted(used), sorted(sections()))

    def test_the_sections_are_in_order(self):
        names = sections()
        self.assertEqual(sorted(names), names)
        self.assertEqual(len(set(names)), len(names))

    def test_the_manual_names_none_that_is_not_there(self):
        for path in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]:
            for name in NAME.findall(path.read_text("utf-8")):
                self.assertIn(name, sections(), path)


class Schemas(unittest.TestCase):
    def test_each_is_listed_in_the_manual_and_the_other_way_round(self):
        there = {path.name for path in (ROOT / "config" / "json").glob("*.schema.json")}
        text = (ROOT / "docs" / "json.md").read_text("utf-8")
        self.assertEqual(there, set(re.findall(r"config/json/([a-z-]+\.schema\.json)", text)))

    def test_what_they_refer_to_is_there(self):
        folder = ROOT / "config" / "json"
        defined = json.loads((folder / "definitions.schema.json").read_text("utf-8"))["$defs"]
        for path in folder.glob("*.schema.json"):
            for name in re.findall(r'"definitions\.schema\.json#/\$defs/([a-z_]+)"',
                                   path.read_text("utf-8")):
                self.assertIn(name, defined, path)


class Pages(unittest.TestCase):
    """What messages and written files name is where the package puts it, not in the sources."""

    def test_each_page_that_is_named_is_installed(self):
        named = set()
        for path in [*(ROOT / "src").rglob("*.cpp"), ROOT / "config" / "lastgood.yaml"]:
            text = path.read_text("utf-8")
            if path.suffix == ".cpp":
                text = re.sub(r"^\s*//.*", "", text, flags=re.M)
            self.assertNotRegex(text, r"\bdocs/\w+\.md", path)
            named |= set(re.findall(r"/usr/share/doc/lastgood/([\w/-]+\.md)", text))
        self.assertGreaterEqual(len(named), 3)
        left_out = {"CONTRIBUTING.md", "testing.md", "building.md"}  # packaging/CMakeLists.txt
        for page in named:
            self.assertTrue((ROOT / "docs" / page).is_file() and page not in left_out, page)


if __name__ == "__main__":
    unittest.main()
