"""Six kinds of processes that an app leaves behind: after how many stops something still lives.

Looked at when the tool says that the app has stopped, and a second later."""

import contextlib
import fcntl
import os
import pathlib
import signal
import statistics
import time

import harness
from supervise_lastgood import Lastgood
from supervise_peers import App, STOP_SECONDS
from supervise_programs import build, header, verdict

KINDS = ("setsid", "daemon", "deaf", "forking", "bare", "group")
LATER = 1  # seconds


def any_left(mark):
    """Each process of the tree holds a lock on the file, one that replaced another, too."""
    with open(mark, "a", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def end_marked(mark):
    end = pathlib.Path(f"{mark}.end")
    end.touch()

    def ended():
        for pid in harness.processes_of(mark.parent):
            with contextlib.suppress(OSError):
                command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if os.fsencode(mark) in command:
                    os.kill(pid, signal.SIGKILL)
        return not any_left(mark)

    harness.wait_until(ended, f"the end of all that hold {mark}")
    end.unlink()


class Stops:
    """What came of the stops of one kind of tree."""

    def __init__(self):
        self.at_once = self.later = 0
        self.took = []

    def one(self, tool, app, mark):
        began = time.monotonic()
        tool.stop_app(app)
        self.took.append(time.monotonic() - began)
        if not any_left(mark):
            return
        self.at_once += 1
        time.sleep(LATER)
        if any_left(mark):
            self.later += 1
            end_marked(mark)


def try_tool(kind, folder, ear, count):
    """{kind of tree: Stops}"""
    strays = build("strays")
    tool = kind(folder)
    marks = {tree: folder / f"{kind.name}-{tree}.mark" for tree in KINDS}
    apps = {tree: App(f"{kind.name}-{tree}",
                      [strays, ear.path, f"{kind.name}-{tree}", tree, marks[tree]])
            for tree in KINDS}
    stops = {tree: Stops() for tree in KINDS}
    try:
        tool.start(list(apps.values()))
        for app in apps.values():
            ear.wait(app.name, 1)
        if isinstance(tool, Lastgood):
            tool.wait_good()
        for tree, app in apps.items():
            for number in range(count):
                stops[tree].one(tool, app, marks[tree])
                if number + 1 < count:
                    begun = ear.count(app.name)
                    tool.start_app(app)
                    ear.wait(app.name, begun + 1)
    finally:
        for mark in marks.values():
            pathlib.Path(f"{mark}.end").touch()
        tool.close()
        for mark in marks.values():
            end_marked(mark)
    return stops


def measure(tools, folder, ear, options):
    header("trees that try to stay behind at stop")
    print(f"KILL after {STOP_SECONDS} s. Shown: stops with something alive {LATER} s after the tool"
          " said stopped / at that very moment.")
    print(f"\n{'':12} {'stops':>6} " + " ".join(f"{tree:>9}" for tree in KINDS)
          + f" {'all left':>9} {'median stop ms':>15}")
    for kind in tools:
        count = options.stops if kind is Lastgood else options.peer_stops
        stops = try_tool(kind, folder, ear, count)
        cells = [f"{s.later}/{s.at_once}" for s in stops.values()]
        took = statistics.median([t for s in stops.values() for t in s.took]) * 1000
        left = sum(s.later for s in stops.values())
        print(f"{kind.name:12} {count * len(KINDS):6} " + " ".join(f"{c:>9}" for c in cells)
              + f" {left:9} {took:15.0f}", flush=True)
        if kind is Lastgood:
            total = count * len(KINDS)
            print(f"  promised: 0 of {total} left: {verdict(left == 0)}", flush=True)
