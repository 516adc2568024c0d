"""The C++ sources as the rules read them."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

FLOORS = [
    {"base", "preload"},
    {"core"},
    {"forge", "config"},
    {"git", "store", "process", "logs", "http"},
    {"deploy", "supervise", "receiver", "control", "notify", "fleet"},
    {"daemon", "cli"},
]
FLOOR_OF = {module: floor for floor, modules in enumerate(FLOORS) for module in modules}


class Source:
    """One file: its path from the root, its lines, and the module that it belongs to."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.splitlines()
        parts = pathlib.PurePosixPath(path).parts
        self.public = parts[0] == "include"
        depth = 2 if self.public else 1
        self.module = parts[depth] if len(parts) > depth + 1 else ""

    def code(self):
        """The lines without comments and what stands in quotes; same numbering."""
        return strip_comments(self.text).splitlines()


def all_sources(folders=("include", "src")):
    found = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cpp"):
                found.append(Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")))
    return found


_TOKEN = re.compile(
    r'R"(?P<tag>[^\s()\\]{0,16})\((?:.|\n)*?\)(?P=tag)"'
    r"|//[^\n]*"
    r"|/\*(?:.|\n)*?\*/"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"
)


def strip_comments(text):
    """Blanks comments, strings and characters, and keeps every line's number. Includes stay."""

    def blank(match):
        found = match.group(0)
        if found.startswith("//") or found.startswith("/*"):
            return "".join(c if c == "\n" else " " for c in found)
        start = text.rfind("\n", 0, match.start()) + 1
        if text[start : match.start()].lstrip().startswith("#include"):
            return found
        return '""' + "".join(c for c in found if c == "\n")

    return _TOKEN.sub(blank, text)
