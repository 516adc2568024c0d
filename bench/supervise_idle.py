"""What a tool costs while nothing happens: with one app, all tools in the same window; and with
many apps."""

import array
import contextlib
import os
import pathlib
import re
import statistics
import time

from supervise_lastgood import Lastgood
from supervise_peers import App, Supervisord
from supervise_programs import build, header, sleep_until, verdict

# Seconds after the start. lastgood looks after its mirror a minute after a deployment, then once a
# day: with one app that is let pass.
SETTLE = 70
SETTLE_MANY = 15
START_MAX = 5.0  # promised for a hundred apps
CONSTANT = 1.25  # what the second hundred may cost more; an order of growth would double it


class Clock:
    """What processes used between two looks."""

    def __init__(self, pids):
        self.pids = pids
        self.began = time.monotonic()
        self.switches = {pid: self._switches(pid) for pid in pids}

    @staticmethod
    def _switches(pid):
        total = 0
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{pid}/task"):
                status = pathlib.Path(f"/proc/{pid}/task/{task}/status").read_text()
                total += sum(int(n) for n in re.findall(r"ctxt_switches:\s+(\d+)", status))
        return total

    def wakeups(self):
        """A second, of all of them."""
        woken = sum(max(0, self._switches(pid) - self.switches[pid]) for pid in self.pids)
        return woken / (time.monotonic() - self.began)


def memory_mb(pids, field="Pss"):
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += sum(int(n) for n in re.findall(rf"^{field}:\s+(\d+)", text, re.M))
    return total / 1024


def alone_mb(pids):
    """What they have in memory together, each page once, whoever else of the machine has it too."""
    present, number = 1 << 63, (1 << 55) - 1
    pages = set()
    size = os.sysconf("SC_PAGE_SIZE")
    for pid in pids:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/pagemap", "rb", buffering=0) as map_:
            for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
                low, high = (int(n, 16) for n in line.split(" ")[0].split("-"))
                if low >= 1 << 63:  # of the kernel
                    continue
                map_.seek(low // size * 8)
                entries = array.array("Q", map_.read((high - low) // size * 8))
                pages.update(entry & number for entry in entries if entry & present)
    return len(pages) * size / (1 << 20)


def measure(tools, folder, ear, options):
    header(f"idle with one app, over {options.seconds} s, all at the same time")
    starter = build("starter")
    running = []
    try:
        for kind in tools:
            tool = kind(folder)
            running.append(tool)
            app = App(f"idle-{kind.name}", [starter, ear.path, f"idle-{kind.name}"])
            tool.start([app])
            ear.wait(app.name, 1)
        sleep_until(time.monotonic() + SETTLE)
        clocks = {tool.name: Clock(tool.pids()) for tool in running}
        sleep_until(time.monotonic() + options.seconds)
        wakeups = {name: clock.wakeups() for name, clock in clocks.items()}
        memory = {tool.name: memory_mb(tool.pids()) for tool in running}
        alone = {tool.name: alone_mb(tool.pids()) for tool in running}
        print(f"\n{'':24} {'wake-ups/s':>10} {'PSS MB':>8} {'alone MB':>8} {'processes':>10}")
        for tool in running:
            print(f"{tool.name:24} {wakeups[tool.name]:10.2f} {memory[tool.name]:8.2f}"
                  f" {alone[tool.name]:8.2f} {len(tool.pids()):10}")
        print("alone: with all that others of the machine have in memory as well, as libraries")
        show_verdicts(wakeups, memory, alone)
    finally:
        for tool in running:
            tool.close()


def show_verdicts(wakeups, memory, alone):
    peers = {name: value for name, value in wakeups.items() if name != "lastgood"}
    if "lastgood" not in wakeups or not peers:
        return
    best = min(peers, key=peers.get)
    print(f"wake-ups: lastgood {wakeups['lastgood']:.2f}/s, the best ({best}) {peers[best]:.2f}/s"
          f"   promised: no more: {verdict(wakeups['lastgood'] <= peers[best])}")
    if "supervisord" in memory:
        ratio = memory["lastgood"] / memory["supervisord"]
        print(f"memory: lastgood / supervisord: {ratio:.2f} by PSS,"
              f" {alone['lastgood'] / alone['supervisord']:.2f} alone   promised: under 0.5:"
              f" {verdict(ratio < 0.5)}", flush=True)


def last_start(ear, apps, before):
    """When the last of the apps began that were started again after `before` starts each."""
    return max(ear.wait(app.name, before + 1, timeout=120).first for app in apps) / 1e9


def at_rest(tool, seconds):
    sleep_until(time.monotonic() + SETTLE_MANY)
    clock = Clock(tool.pids())
    sleep_until(time.monotonic() + seconds)
    return {"wakeups": clock.wakeups(), "memory": memory_mb(tool.pids())}


def one_size(kind, folder, ear, count, options):
    """A row: times to start in s, memory in MB, wake-ups a second. Of lastgood medians: pages that an
    allocator keeps differ by more from start to start than an app costs."""
    starter = build("starter")
    names = [f"{kind.name}-{count}-{number}" for number in range(count)]
    apps = [App(name, [starter, ear.path, name]) for name in names]
    tool = kind(folder / f"many-{count}")
    row = {"tool": kind.name, "apps": count, "deployed": None}
    try:
        began = time.monotonic()
        tool.start(apps)
        row["started"] = last_start(ear, apps, 0) - began
        if not isinstance(tool, Lastgood):
            return {**row, **at_rest(tool, options.seconds)}
        tool.wait_good(300)
        row["deployed"] = row["started"]
        starts = []
        for number in range(1, options.starts + 1):
            tool.stop_daemon()
            began = time.monotonic()
            tool.launch()
            started = last_start(ear, apps, number) - began
            starts.append({"started": started, **at_rest(tool, options.seconds)})
        row.update((key, statistics.median(start[key] for start in starts)) for key in starts[0])
    finally:
        tool.close()
    return row


def measure_many(tools, folder, ear, options):
    header(f"many apps under one supervisor, idle over {options.seconds} s")
    print(f"\n{'':12} {'apps':>5} {'all deployed s':>15} {'all started s':>14} {'PSS MB':>8}"
          f" {'KB/app':>8} {'wake-ups/s':>11} {'per app':>8}")
    rows = []
    for kind in [kind for kind in tools if kind in (Lastgood, Supervisord)]:
        for count in options.counts:
            row = one_size(kind, folder, ear, count, options)
            rows.append(row)
            deployed = f"{row['deployed']:.2f}" if row["deployed"] else "-"
            print(f"{row['tool']:12} {count:5} {deployed:>15} {row['started']:14.2f}"
                  f" {row['memory']:8.2f} {row['memory'] * 1024 / count:8.1f}"
                  f" {row['wakeups']:11.2f} {row['wakeups'] / count:8.4f}", flush=True)
    show_many(rows)


def show_many(rows):
    ours = [row for row in rows if row["tool"] == "lastgood"]
    print("all deployed: from the daemon's first start, each app fetched, written and begun.\n"
          "all started: from the start of a daemon (or peer) that knows its apps.\n"
          "Both to the main of the last app.")
    for row in ours:
        if row["apps"] == 100:
            print(f"100 apps started: {row['started']:.2f} s   promised: under {START_MAX:g} s and"
                  f" the app's own start: {verdict(row['started'] < START_MAX)}")
    steps = [further(low, high) for low, high in zip(ours, ours[1:])]
    for step in steps:
        print(f"each further app, {step['of']}: {step['memory']:.0f} KB, {step['wakeups']:.4f}"
              f" wake-ups/s, {step['started']:.1f} ms to start")
    show_constancy({row["apps"]: row for row in ours})


def further(low, high):
    """What each app costs that `high` has more."""
    apps = high["apps"] - low["apps"]
    return {"of": f"from {low['apps']} to {high['apps']}",
            "memory": (high["memory"] - low["memory"]) * 1024 / apps,
            "wakeups": (high["wakeups"] - low["wakeups"]) / apps,
            "started": (high["started"] - low["started"]) * 1000 / apps}


def show_constancy(rows):
    if not {10, 100, 200} <= rows.keys():
        return
    early, late = further(rows[10], rows[100]), further(rows[100], rows[200])
    for key, what in (("memory", "KB"), ("started", "ms")):
        ratio = late[key] / early[key] if early[key] > 0 else float("inf")
        print(f"constant: {late[key]:.0f} {what} {late['of']}, {early[key]:.0f} {early['of']}:"
              f" {ratio:.2f}   promised: no more than {CONSTANT:g}: {verdict(ratio <= CONSTANT)}")
