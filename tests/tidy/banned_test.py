"""Calls that we don't make, with what to use instead, and threads that the map must name."""

import re
import unittest

from sources import ROOT, Source, all_sources

ANYWHERE = ()
# Pattern → (why and what instead, paths where it is allowed).
BANNED = {
    r"\bv?sprintf\s*\(": ("no bound: fmt or std::to_string", ANYWHERE),
    r"\bstr(?:cpy|cat|tok)\s*\(": ("no bound or hidden state: std::string", ANYWHERE),
    r"\bgets\s*\(": ("no bound", ANYWHERE),
    r"(?<![\w:.>])system\s*\(": ("a shell with our environment: base/sys/spawn.h", ANYWHERE),
    r"\bpopen\s*\(": ("a shell with our environment: base/sys/spawn.h", ANYWHERE),
    r"(?<![\w:.>])v?fork\s*\(": ("base/sys/spawn.h", ("src/base/sys/", "src/process/")),
    r"\b(?:u|nano)?sleep\s*\(": ("wait for an event, or a timer of the loop", ANYWHERE),
    # What waits for other processes and has no loop: a lock in the worker, a file that grows, and
    # the commands.
    r"\bsleep_(?:for|until)\s*\(": (
        "wait for an event, or a timer of the loop",
        ("src/git/mirror.cpp", "src/logs/reader.cpp", "src/cli/"),
    ),
    r"\b(?:atoi|atol|atof)\s*\(": ("says nothing of errors: base/strings.h", ANYWHERE),
    r"\brand\s*\(": ("base/random.h", ANYWHERE),
    r"\b(?:gmtime|localtime|ctime|strerror)\s*\(": ("not safe with threads: the _r form", ANYWHERE),
    r"\bmktemp\s*\(": ("mkostemp or mkdtemp", ANYWHERE),
    r"\bassert\s*\(": ("LG_ASSERT stays on in release builds", ANYWHERE),
    r"\bstd::(?:cout|cerr)\b": ("the log, or the command's output", ("src/cli/", "src/main.cpp")),
    r"\busing namespace std;": ("name what you use", ANYWHERE),
}
THREAD = re.compile(r"\bstd::j?thread\b(?!::|&)|\bpthread_create\s*\(|\bstd::async\s*\(")


def faults(source):
    found = []
    for number, line in enumerate(source.code(), 1):
        for pattern, (instead, allowed) in BANNED.items():
            if re.search(pattern, line) and not source.path.startswith(tuple(allowed) or ("\0",)):
                found.append(f"{source.path}:{number}: {line.strip()}\n    {instead}")
    return found


def threads(source):
    return any(THREAD.search(line) for line in source.code())


class Banned(unittest.TestCase):
    def test_no_banned_call_is_made(self):
        found = [fault for source in all_sources() for fault in faults(source)]
        self.assertEqual([], found, "\n" + "\n".join(found))

    def test_every_thread_is_listed_in_the_map(self):
        listed = (ROOT / "src" / "README.md").read_text("utf-8")
        for source in all_sources():
            if threads(source):
                self.assertIn(
                    f"`{source.path}`", listed, "list its thread in src/README.md, Threads"
                )


class TheRuleItself(unittest.TestCase):
    def test_sees_banned_calls(self):
        for line in (
            "sprintf(buffer, format);",
            "  if (system(command) != 0) {",
            "std::this_thread::sleep_for(1s);",
            "usleep(10);",
            "std::cout << 1;",
            "using namespace std;",
            "auto pid = fork();",
            "assert(x);",
        ):
            self.assertEqual(1, len(faults(Source("src/core/x.cpp", line))), line)

    def test_leaves_comments_text_and_lookalikes_alone(self):
        for line in (
            "// system(command) would be a shell",
            'log("sleep(1)");',
            "file_system(path);",
            "errors.system (x);",
            "static_assert(sizeof(x) == 4);",
            "LG_ASSERT(x);",
            "snprintf(buffer, sizeof buffer, format);",
            "using namespace std::chrono_literals;",
            "strerror_r(a, b, c);",
        ):
            self.assertEqual([], faults(Source("src/core/x.cpp", line)), line)

    def test_sees_threads(self):
        self.assertTrue(threads(Source("src/core/x.cpp", "std::thread worker(run);")))
        self.assertTrue(threads(Source("src/core/x.h", "std::vector<std::thread> workers_;")))
        self.assertFalse(threads(Source("src/core/x.cpp", "std::thread::id id;")))


if __name__ == "__main__":
    unittest.main()
