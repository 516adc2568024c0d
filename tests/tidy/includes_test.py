"""Includes go down only: two modules on one floor never see each other, private headers stay in
their module, and each outside library is known to one module."""

import re
import unittest

from sources import FLOOR_OF, Source, all_sources

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')

# Header (or its first folder) → modules that may include it.
OWNERS = {
    "httplib.h": {"http"},
    "git2.h": {"git"},
    "git2": {"git"},
    "sqlite3.h": {"store"},
    "yaml-cpp": {"config"},
    "spdlog": {"logs"},
    "seccomp.h": {"receiver"},
    "CLI": {"cli"},
    "openssl": {"forge", "base", "http"},
}


def faults(source):
    found = []

    def fault(number, text):
        found.append(f"{source.path}:{number}: {text}")

    own_floor = FLOOR_OF.get(source.module)
    if own_floor is None and source.path != "src/main.cpp":
        fault(1, f"'{source.module}' is no module: add it to a floor in tests/tidy/sources.py")
        return found
    for number, line in enumerate(source.lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(2)
        parts = target.split("/")
        if parts[0] == "lastgood":
            other = parts[1]
            if other not in FLOOR_OF:
                fault(number, f"{target}: '{other}' is no module")
            elif own_floor is None or other == source.module:
                pass
            elif FLOOR_OF[other] == own_floor:
                fault(number, f"{target}: {source.module} and {other} are on the same floor")
            elif FLOOR_OF[other] > own_floor:
                fault(number, f"{target}: {other} is above {source.module}")
        elif match.group(1) == '"':
            if source.public:
                fault(number, f"{target}: a public header includes public headers only")
            elif parts[0] != source.module:
                fault(number, f"{target}: private header of {parts[0]}")
        owners = OWNERS.get(parts[0])
        if owners and source.module not in owners:
            fault(number, f"{target}: only {', '.join(sorted(owners))} may know this library")
        if owners and source.public and parts[0] not in ("CLI", "openssl"):
            fault(number, f"{target}: keep the library out of public headers")
    return found


class Includes(unittest.TestCase):
    def test_includes_go_down_only(self):
        found = [fault for source in all_sources() for fault in faults(source)]
        self.assertEqual([], found, "\n" + "\n".join(found))

    def test_public_headers_are_under_their_module(self):
        for source in all_sources(("include",)):
            self.assertRegex(source.path, r"^include/lastgood/[a-z]+/([a-z]+/)?[a-z0-9_]+\.h$")


class TheRuleItself(unittest.TestCase):
    def rejects(self, path, line):
        found = faults(Source(path, line + "\n"))
        self.assertEqual(1, len(found), (path, line, found))

    def accepts(self, path, line):
        self.assertEqual([], faults(Source(path, line + "\n")))

    def test_sees_an_include_that_goes_up(self):
        self.rejects("src/core/x.cpp", '#include "lastgood/store/journal.h"')

    def test_sees_an_include_of_the_same_floor(self):
        self.rejects("src/git/x.cpp", '#include "lastgood/http/front.h"')
        self.rejects("include/lastgood/cli/x.h", '#include "lastgood/daemon/daemon.h"')

    def test_sees_a_private_header_of_another_module(self):
        self.rejects("src/deploy/x.cpp", '#include "store/schema.h"')
        self.rejects("include/lastgood/store/x.h", '#include "store/schema.h"')

    def test_sees_a_library_outside_its_module(self):
        self.rejects("src/deploy/x.cpp", "#include <sqlite3.h>")
        self.rejects("src/daemon/x.cpp", "#include <git2/commit.h>")
        self.rejects("include/lastgood/logs/x.h", "#include <spdlog/spdlog.h>")

    def test_sees_a_module_without_a_floor(self):
        self.rejects("src/extra/x.cpp", '#include "lastgood/base/ids.h"')

    def test_accepts_what_goes_down(self):
        self.accepts("src/deploy/x.cpp", '#include "lastgood/store/journal.h"')
        self.accepts("src/store/x.cpp", '#include "store/schema.h"')
        self.accepts("src/store/x.cpp", "#include <sqlite3.h>")
        self.accepts("include/lastgood/config/x.h", '#include "lastgood/core/settings.h"')


if __name__ == "__main__":
    unittest.main()
