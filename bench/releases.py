"""From the wish to the written release: lastgood's worker against what a polling script does, and
what materialising costs by how much changed and by how much there is.

Writing files soon after many were deleted is slow on ext4: nothing is deleted between the rounds.
What a turn left to be written to disk is written before the next begins, and not timed."""

import os
import statistics
import time

import harness
from big_repo import git
from git_worker import COPY, App, Worker

SHARED_LIMIT = 0.3  # promised, as a share of the polling script's time
COPY_LIMIT = 0.7
WARM_UPS = 2  # then a spare differs from the new release by what each commit changes
MANY = 5      # rounds are enough for the tables of costs


def milliseconds(since):
    return (time.monotonic() - since) * 1000


def settle(folder):
    harness.run("sync", "-f", folder, timeout=600)


class Polling:
    """A clone that is fetched and reset, and copied to where the app is run from."""

    name = "polling script"

    def __init__(self, folder, origin):
        self.clone = folder / "clone"
        self.copies = folder / "copies"
        self.copies.mkdir()
        git("clone", "-q", origin.path, self.clone)
        self.files = [self.clone / name for name in os.listdir(self.clone) if name != ".git"]

    def prepare(self):
        pass

    def turn(self, commit):
        there = self.copies / commit
        began = time.monotonic()
        git("-C", self.clone, "fetch", "-q", "origin")
        git("-C", self.clone, "reset", "-q", "--hard", "origin/main")
        there.mkdir()
        harness.run("cp", "-a", *self.files, there, timeout=600).check_returncode()
        return milliseconds(began)


class Releasing:
    """An app of its own for each case, so that each fetches each commit."""

    def __init__(self, name, app, spare=False, way=0):
        self.name = name
        self.app = app
        self.spare = spare
        self.way = way
        self.written = 0
        self.sparing = []  # ms
        with Worker(app) as worker:
            for _ in range(2 if spare else 1):
                app.materialise(worker, app.live)

    def prepare(self):
        if self.spare:
            with Worker(self.app) as worker:
                self.sparing.append(self.app.make_spare(worker))

    def turn(self, commit):
        began = time.monotonic()
        with Worker(self.app) as worker:
            self.app.fetch(worker, commit)
            self.written = self.app.materialise(worker, commit, self.way)["written"]
            return milliseconds(began)

    def limit(self, files):
        shared = self.written < files / 2
        return SHARED_LIMIT if shared and self.way != COPY else COPY_LIMIT


def first_mirror(folder, origin):
    """An app whose mirror holds main's tip."""
    app = App(folder, origin.path)
    with Worker(app) as worker:
        app.fetch(worker, origin.tip())
    return app


def against_polling(folder, origin, rounds, kind):
    """Prints one table: of the file system that the folder is on."""
    polling = Polling(folder, origin)
    app = first_mirror(folder / "first", origin)
    steady, copied = app.beside(folder / "steady"), app.beside(folder / "copied")
    cases = [polling, Releasing("first releases", app),
             Releasing("steady, with a spare", steady, spare=True),
             Releasing("materialise: copy", copied, way=COPY)]
    times = {case.name: [] for case in cases}
    for number in range(rounds + 1):
        commit = origin.change()
        for case in cases[number % len(cases):] + cases[:number % len(cases)]:
            case.prepare()
            settle(folder)
            took = case.turn(commit)
            if number > 0:  # the first warms up
                times[case.name].append(took)
    show_against_polling(kind, cases, times, origin.size.files)


def show_against_polling(kind, cases, times, files):
    print(f"\non {kind:18} {'ms':>9} {'ratio':>6} {'(min..max)':>12} {'written':>8}"
          "  promised (medians)")
    base = times[cases[0].name]
    print(f"{cases[0].name:21} {statistics.median(base):9.0f}")
    for case in cases[1:]:
        ratios = [ours / other for ours, other in zip(times[case.name], base)]
        ratio, limit = statistics.median(ratios), case.limit(files)
        span = f"({min(ratios):.2f}..{max(ratios):.2f})"
        print(f"{case.name:21} {statistics.median(times[case.name]):9.0f} {ratio:6.2f} {span:>12}"
              f" {case.written:8,}  at most {limit}: {'kept' if ratio <= limit else 'NOT KEPT'}")
        if case.sparing:
            print(f"  making the spare of an old release, after the deployment, not counted: "
                  f"{statistics.median(case.sparing):.0f} ms", flush=True)


def cost(app, origin, changed, rounds):
    """(materialise, remove_releases, files written) in the steady case, medians in ms."""
    making, sparing, written = [], [], 0
    for number in range(WARM_UPS + rounds):
        commit = origin.change(changed)
        with Worker(app) as worker:
            app.fetch(worker, commit)
            spared = app.make_spare(worker)
            settle(app.folder)
            began = time.monotonic()
            written = app.materialise(worker, commit)["written"]
            if number >= WARM_UPS:
                making.append(milliseconds(began))
                sparing.append(spared)
    return statistics.median(making), statistics.median(sparing), written


def steady_app(folder, origin):
    app = first_mirror(folder, origin)
    with Worker(app) as worker:
        for _ in range(2):
            app.materialise(worker, app.live)
    return app


def show_costs(folder, origin, smaller, rounds):
    """Prints the table; `smaller`: repositories with less files."""
    print(f"\n{'files':>7} {'changed':>8} {'written':>8} {'materialise ms':>15}"
          f" {'making the spare ms':>20}")

    def row(app, where, changed):
        making, sparing, written = cost(app, where, changed, min(rounds, MANY))
        print(f"{where.size.files:7,} {changed:8,} {written:8,} {making:15.1f} {sparing:20.1f}",
              flush=True)

    for other in smaller:
        row(steady_app(folder / f"costs-{other.size.files}", other), other, 1)
    app = steady_app(folder / "costs", origin)
    for changed in (1, 10, 100, 1000, 10_000):
        if changed <= origin.size.files:
            row(app, origin, changed)
