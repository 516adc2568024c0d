"""A million lines by one write(2) each, as fast as the app can: when the app is done, what is kept.

All tools have the same writer, which waits to be told; they take turns, so that only one writes."""

import os
import re
import signal
import statistics

import harness
from supervise_lastgood import Lastgood
from supervise_peers import App
from supervise_programs import build, header, verdict

LINE = re.compile(rb"r(\d\d) n(\d{7}) x{86}\n")
SLACK = 60  # seconds for what is not yet in the files


class RotatingLastgood(Lastgood):
    """With files of the default size, compressed as by default."""

    name = "lastgood-rotating"

    def log_settings(self):
        return {"keep": 100}


def read(path):
    if path.suffix == ".gz":
        return harness.subprocess.run(["gzip", "-dc", path], capture_output=True, check=True).stdout
    try:
        return path.read_bytes()
    except FileNotFoundError:  # compressed just now
        return read(path.with_name(path.name + ".gz"))


def kept(tool, app, lines, rounds):
    """How many different whole lines its files hold, of all rounds."""
    seen = [bytearray(lines) for _ in range(rounds)]
    for path in tool.outputs(app):
        for number, line in LINE.findall(read(path)):
            if int(number) < rounds and int(line) < lines:
                seen[int(number)][int(line)] = 1
    return sum(sum(one) for one in seen)


def wait_kept(tool, app, lines, rounds):
    """When its files have stopped growing: what is in them."""

    def size():
        return sum(path.stat().st_size for path in tool.outputs(app))

    sizes = [size()]

    def settled():
        sizes.append(size())
        return sizes[-1] == sizes[-2]

    harness.wait_until(settled, "the log to settle", SLACK, every=1)
    return kept(tool, app, lines, rounds)


def turn(app, ear, number):
    """(seconds that the writer was at it)"""
    pid = ear.wait_for_process(app.name).pid
    os.kill(pid, signal.SIGUSR1)
    told = ear.wait(app.name, number + 1, "wrote", timeout=120)
    return (told.second - told.first) / 1e9


def measure(tools, folder, ear, options):
    header(f"{options.lines:,} lines of 100 bytes, one write each, {options.rounds} rounds in turn")
    writer = build("writer")
    running = []
    try:
        for kind in [k for k in tools if k.captures] + [k for k in tools if k is Lastgood]:
            if any(type(tool) is kind for tool, _ in running):
                kind = RotatingLastgood
            tool = kind(folder)
            name = f"out-{kind.name}"
            app = App(name, [writer, ear.path, name, options.lines])
            running.append((tool, app))
            tool.start([app])
            ear.wait(name, 1)
            if isinstance(tool, Lastgood):
                tool.wait_good()
        times = {tool.name: [] for tool, _ in running}
        for number in range(options.rounds):
            order = running[number % len(running):] + running[:number % len(running)]
            for tool, app in order:
                harness.run("sync", "-f", folder, timeout=600)
                times[tool.name].append(turn(app, ear, number))
        show(running, times, options)
    finally:
        for tool, _ in running:
            tool.close()


def show(running, times, options):
    wanted = options.lines * options.rounds
    print(f"\n{'':24} {'done after s':>12} {'min':>7} {'max':>7} {'kept':>12} {'lost':>10}")
    lost = {}
    for tool, app in running:
        taken = times[tool.name]
        found = wait_kept(tool, app, options.lines, options.rounds)
        lost[tool.name] = wanted - found
        print(f"{tool.name:24} {statistics.median(taken):12.2f} {min(taken):7.2f} {max(taken):7.2f}"
              f" {found:12,} {wanted - found:10,}", flush=True)
    peers = {name: statistics.median(t) for name, t in times.items() if "lastgood" not in name}
    if "lastgood" not in times or not peers:
        return
    fastest = min(peers, key=peers.get)
    ratio = statistics.median(times["lastgood"]) / peers[fastest]
    print(f"lastgood / {fastest} (the fastest): {ratio:.2f}   promised: at most 1:"
          f" {verdict(ratio <= 1)}; none lost: {verdict(lost['lastgood'] == 0)}")
    print("lastgood writes time, slot and stream before each line; the others keep bytes alone.",
          flush=True)
