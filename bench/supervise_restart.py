"""How soon an app runs again after SIGKILL: from just before the kill to the first of its main.

All tools have the app at the same time and are killed turn by turn. `ran well`: every app has run
for over ten seconds, which is the longest that any of the tools asks for. `soon again`: killed a
second and a half after its last start, where each tool may slow down."""

import os
import random
import signal
import statistics
import time

import harness
from supervise_peers import App, Monit
from supervise_programs import build, header, sleep_until, verdict

RAN_WELL = 10.5
SOON = 1.5
LONGEST = 30  # seconds; a cycle of monit is within it


class QuickMonit(Monit):
    name = "monit (1 s cycle)"
    cycle = 1


def kill_once(tool, app, ear):
    """ms to the next main."""
    count = ear.count(app.name)
    pid = ear.wait_for_process(app.name).pid
    began = time.monotonic_ns()
    os.kill(pid, signal.SIGKILL)
    return (ear.wait(app.name, count + 1, timeout=LONGEST).first - began) / 1e6


def rounds(running, ear, count, ran_for):
    """{tool's name: times in ms}"""
    times = {tool.name: [] for tool, _ in running}
    chance = random.Random(1)
    for _ in range(count):
        sleep_until(max(ear.last(app.name).first for _, app in running) / 1e9 + ran_for)
        order = list(running)
        chance.shuffle(order)
        for tool, app in order:
            # In a short round each has run for the same time, not longer for having a later turn.
            if ran_for < RAN_WELL:
                sleep_until(ear.last(app.name).first / 1e9 + ran_for)
            times[tool.name].append(kill_once(tool, app, ear))
    return times


def show(times, what, promise):
    peers = {name: statistics.median(t) for name, t in times.items() if name != "lastgood"}
    fastest = min(peers, key=peers.get) if peers else None
    print(f"\n{what:24} {'median ms':>10} {'min':>8} {'max':>9} {'samples':>8}")
    for name, taken in times.items():
        print(f"{name:24} {statistics.median(taken):10.2f} {min(taken):8.2f} {max(taken):9.2f}"
              f" {len(taken):8}")
    if not fastest or "lastgood" not in times:
        return
    ours = statistics.median(times["lastgood"])
    ratio = ours / peers[fastest]
    line = f"lastgood / {fastest} (the fastest): {ratio:.2f}"
    if promise:
        line += f"   promised: at most 1: {verdict(ratio <= 1)}"
    print(line, flush=True)


def measure(tools, folder, ear, options):
    header(f"restart after SIGKILL, {options.samples} samples each, turn by turn")
    starter = build("starter")
    running = []
    try:
        for kind in tools:
            tool = (QuickMonit if kind is Monit else kind)(folder)
            app = App(f"app-{kind.name}", [starter, ear.path, f"app-{kind.name}"])
            running.append((tool, app))
            tool.start([app])
            ear.wait(app.name, 1, timeout=harness.WAIT)
            if hasattr(tool, "wait_good"):
                tool.wait_good()
        show(rounds(running, ear, options.samples, RAN_WELL), "ran well", promise=True)
        show(rounds(running, ear, max(3, options.samples // 5), SOON), "soon again", promise=False)
    finally:
        for tool, _ in running:
            tool.close()
