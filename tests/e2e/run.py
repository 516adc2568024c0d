#!/usr/bin/env python3
"""Runs the end-to-end tests, a few classes at a time, and sums up.

    tests/e2e/run.py [-j N] [NAME…]      names: a file, Class or Class.test, or a part of one

Each class runs in a process of its own. Classes marked `alone = True` measure, and run by
themselves at the end. Exit code 1 if a test failed, also if none was found.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

# Runs one class; the last lines tell what came of it.
CHILD = """
import sys, unittest
sys.path.insert(0, sys.argv[1])
suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[2:])
result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
for test, why in result.skipped:
    print(f"@skipped {test.id()}: {why}")
print(f"@ran {result.testsRun} {len(result.failures) + len(result.errors)} {len(result.skipped)}")
sys.exit(0 if result.wasSuccessful() else 1)
"""
CLASS_TIME_MAX = 300


def flatten(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flatten(item)
        else:
            yield item


def find(names):
    """{class name: (alone, [test ids])}"""
    loader = unittest.TestLoader()
    found = {}
    for test in flatten(loader.discover(str(HERE), pattern="*_behaviour.py")):
        identity = test.id()
        if names and not any(re.sub(r"\.py$", "", os.path.basename(n)) in identity for n in names):
            continue
        if isinstance(test, unittest.loader._FailedTest):
            print(test._exception)
            sys.exit(1)
        alone = getattr(type(test), "alone", False)
        found.setdefault(identity.rpartition(".")[0], (alone, []))[1].append(identity)
    return found


def run_class(name, tests):
    begun = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-B", "-c", CHILD, str(HERE), *tests],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=CLASS_TIME_MAX,
        )
        return name, done.returncode, done.stdout, time.monotonic() - begun
    except subprocess.TimeoutExpired as failure:
        output = (failure.stdout or b"").decode(errors="replace")
        return name, 1, f"{output}\nended after {CLASS_TIME_MAX} s", time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-j", type=int, default=max(2, os.cpu_count() or 2))
    parser.add_argument("-v", action="store_true", help="show every test's line")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()

    classes = find(options.names)
    ran = failed = 0
    skipped = []
    broken = []

    def report(outcome):
        nonlocal ran, failed
        name, code, output, took = outcome
        counts = re.search(r"^@ran (\d+) (\d+) (\d+)$", output, re.M)
        tests, bad = (int(counts[1]), int(counts[2])) if counts else (0, 1)
        ran += tests
        failed += bad
        skipped.extend(re.findall(r"^@skipped (.*)$", output, re.M))
        verdict = "ok" if code == 0 else "FAILED"
        print(f"{verdict:7} {name}  {tests} tests, {took:.1f} s", flush=True)
        for note in re.findall(r"@note (.*)$", output, re.M):
            print(f"        {note}")
        if code != 0:
            broken.append(name)
        if code != 0 or options.v:
            print(output, flush=True)

    together = [(n, t) for n, (alone, t) in classes.items() if not alone]
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        for done in concurrent.futures.as_completed(
            [pool.submit(run_class, name, tests) for name, tests in together]
        ):
            report(done.result())
    for name, (alone, tests) in classes.items():
        if alone:
            report(run_class(name, tests))

    for line in skipped:
        print(f"skipped: {line}")
    print(f"{ran} tests, {failed} failed, {len(skipped)} skipped")
    if broken:
        print("failed: " + " ".join(broken))
    return 1 if broken or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
