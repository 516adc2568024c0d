#!/usr/bin/env python3
"""A large repository: from the wish for a new commit to the commit in the mirror, and on to the
written release, against git itself and against a polling script; all in one run, turn by turn.

    bench/fetch.py [--rounds N] [--work DIR] [--files N] [--commits N] [--branches N] [--quick]

LASTGOOD names the binary. http needs apache2 and ssh needs sshd (scripts/install-deps --test); as
root and with btrfs-progs or xfsprogs, file systems that share blocks are tried, too."""

import argparse
import concurrent.futures
import contextlib
import os
import pathlib
import platform
import shutil
import signal
import statistics
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "e2e"))

import git_servers  # noqa: E402
import harness  # noqa: E402
import images  # noqa: E402
import relay  # noqa: E402
import releases  # noqa: E402
from big_repo import Origin, Size, cached, git  # noqa: E402
from git_worker import App, Worker  # noqa: E402

ID_LIMIT = 1.5  # promised, as a multiple of `git fetch origin ID`
QUICK = Size(files=200, commits=200, branches=50)
FULL = Size(files=20_000, commits=20_000, branches=2000)


class Sshd(git_servers.Sshd):
    """Lets the client choose git's protocol, as the forges do. SHLVL: bash that sshd starts reads
    .bashrc if it is the first, and what a developer has there may take longer than the fetch."""

    def __init__(self, folder):
        super().__init__(folder)
        config = self.folder / "sshd_config"
        config.write_text(config.read_text().replace("SetEnv ", "SetEnv SHLVL=1 ")
                          + "AcceptEnv GIT_PROTOCOL\n")


@contextlib.contextmanager
def served(way, folder, origin):
    """(url, what git's environment gets, what lastgood's `auth` gets) while a server runs."""
    if way == "http":
        with git_servers.Apache(folder, origin.path.parent) as server:
            yield server.url(origin), {}, {}
    elif way == "ssh":
        with Sshd(folder) as server:
            command = (f"ssh -o BatchMode=yes -o UserKnownHostsFile={server.known_hosts}"
                       f" -o IdentitiesOnly=yes -o IdentityFile={server.key}")
            yield server.url(origin), {"GIT_SSH_COMMAND": command}, {
                "ssh_key": str(server.key), "known_hosts": str(server.known_hosts)}
    elif way == "git://":
        with relay.GitDaemon(origin.path.parent) as server:
            yield f"git://127.0.0.1:{server.port}/{origin.path.name}", {}, {}
    else:
        yield str(origin.path), {}, {}


class Fetching:
    """The three that take turns; each has a place of its own that all ways share."""

    NAMES = ("git fetch ID", "git fetch", "lastgood")

    def __init__(self, folder, origin):
        self.plain = folder / "plain.git"
        self.clone = folder / "clone"
        self.app = App(folder / "app", origin.path)
        self.env = {}
        tip = origin.tip()
        git("init", "-q", "--bare", "-b", "main", self.plain)
        git("-C", self.plain, "remote", "add", "-t", "main", "origin", origin.path)
        first = self.fetch_id(tip), self.by_lastgood(tip)
        git("clone", "-q", origin.path, self.clone)
        print(f"the first fetch of all of main, by path, once: git {first[0] / 1000:.1f} s, "
              f"lastgood {first[1] / 1000:.1f} s", flush=True)

    def use(self, url, env, auth):
        for repository in (self.plain, self.clone):
            git("-C", repository, "remote", "set-url", "origin", url)
        self.env = env
        self.app.remote.update({"url": url, "ssh_key": "", "known_hosts": "", **auth})

    def fetch_id(self, commit):
        began = time.monotonic()
        git("-C", self.plain, "fetch", "-q", "origin", f"+{commit}:refs/heads/main", env=self.env)
        return releases.milliseconds(began)

    def fetch_all(self, commit):
        began = time.monotonic()
        git("-C", self.clone, "fetch", "-q", "origin", env=self.env)
        took = releases.milliseconds(began)
        if git("-C", self.clone, "rev-parse", "origin/main") != commit:
            raise RuntimeError("git fetch brought another commit")
        return took

    def by_lastgood(self, commit):
        began = time.monotonic()
        with Worker(self.app) as worker:
            self.app.fetch(worker, commit)
            return releases.milliseconds(began)

    def compare(self, origin, rounds):
        """The times of each, round by round; the round that warms up isn't in them."""
        turns = (self.fetch_id, self.fetch_all, self.by_lastgood)
        rows = []
        for number in range(rounds + 1):
            commit = origin.change()
            row = [0.0] * len(turns)
            for turn in range(len(turns)):
                at = (number + turn) % len(turns)
                row[at] = turns[at](commit)
            rows.append(row)
        return rows[1:]


def show_fetching(folder, origin, rounds):
    fetching = Fetching(folder, origin)
    print(f"\n{'by':7} {'git fetch ID':>13} {'git fetch':>10} {'lastgood':>9} {'to ID':>6}"
          f" {'(min..max)':>12} {'to all':>7}  promised (ms, medians)")
    for number, way in enumerate(("http", "ssh", "git://", "path")):
        place = folder / f"server{number}"
        place.mkdir(mode=0o755)
        try:
            with served(way, place, origin) as (url, env, auth):
                fetching.use(url, env, auth)
                show_way(way, fetching.compare(origin, rounds))
        except (unittest.SkipTest, AssertionError, RuntimeError) as reason:
            print(f"{way:7} left out: {reason}", flush=True)


def show_way(way, rows):
    one, every, ours = (statistics.median(column) for column in zip(*rows))
    to_one = [row[2] / row[0] for row in rows]
    ratio = statistics.median(to_one)
    to_all = statistics.median(row[2] / row[1] for row in rows)
    span = f"({min(to_one):.2f}..{max(to_one):.2f})"
    kept = "kept" if ratio <= ID_LIMIT and to_all < 1 else "NOT KEPT"
    print(f"{way:7} {one:13.1f} {every:10.1f} {ours:9.1f} {ratio:6.2f} {span:>12} {to_all:7.2f}"
          f"  at most {ID_LIMIT}, and less than 1: {kept}", flush=True)


def show_releasing(folder, origin, rounds):
    print("\nfrom the wish for a commit that changes one file to its release, by path; polling "
          "script: git fetch,\ngit reset --hard, cp -a", flush=True)
    place = folder / "releases"
    place.mkdir()
    releases.against_polling(place, origin, rounds, images.kind_of(place))
    for kind in images.KINDS:
        reason = images.why_not(kind)
        if reason:
            print(f"\non {kind}: left out: {reason}", flush=True)
            continue
        try:
            with images.mounted(kind, folder) as root:
                releases.against_polling(root, origin, rounds, kind)
        except OSError as error:
            print(f"\non {kind}: left out: {error}", flush=True)


def smaller_origins(folder, cache, files):
    for count in (200, 2000, 20_000):
        if count < files:
            size = Size(files=count, commits=count, branches=0)
            yield Origin(folder, cached(cache, size), size)


def measure(cache, folder, size, rounds):
    began = time.monotonic()
    origin = Origin(folder, cached(cache, size), size)
    print(f"repository: {size}, made or found in {time.monotonic() - began:.0f} s", flush=True)
    if size.files < FULL.files or size.branches < FULL.branches:
        print("smaller than what is promised for: it only shows that the benchmark works")
    place = folder / "fetching"
    place.mkdir()
    show_fetching(place, origin, rounds)
    show_releasing(folder, origin, rounds)
    show_costs_of(folder, cache, origin, rounds)


def show_costs_of(folder, cache, origin, rounds):
    print("\nmaterialising with a spare there, by what each commit changes and by the files of the "
          "release")
    smaller = list(smaller_origins(folder, cache, origin.size.files))
    releases.show_costs(folder, origin, smaller, rounds)


def show_machine(folder):
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f}, Linux {platform.release()}, "
          f"{git('--version')}, {images.kind_of(folder)} below {folder}")
    if load > os.cpu_count() / 2:
        print("the machine is busy with other work: look at ratios rather than at times")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, help="of each comparison (default 9)")
    parser.add_argument("--work", type=pathlib.Path,
                        help="keeps the generated repositories, and is what is written to; "
                        "others must be able to read it (default: a temporary folder)")
    parser.add_argument("--quick", action="store_true",
                        help="to try it out: a small repository, which is no measure, 1 round")
    for name in ("files", "commits", "branches"):
        parser.add_argument(f"--{name}", type=int, help="of the generated repository")
    given = parser.parse_args()
    base = QUICK if given.quick else FULL
    size = Size(*(getattr(given, name) or getattr(base, name)
                  for name in ("files", "commits", "branches")))
    return given.work, size, given.rounds or (1 if given.quick else 9)


def remove(folder):
    """Several folders at once: where freed blocks are given back to the disk, each waits for it."""
    print("\nremoving what was written", flush=True)
    deep = [path for level in ("*/*/*", "*/*/*/*", "*") for path in folder.glob(level)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for path in deep:
            pool.submit(harness.run, "rm", "-rf", path, timeout=3600)
    shutil.rmtree(folder, ignore_errors=True)


def main():
    work, size, rounds = arguments()
    if not os.access(harness.BINARY, os.X_OK):
        sys.exit(f"{harness.BINARY} isn't there: run scripts/build, or name it by LASTGOOD")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if os.geteuid() == 0:
        images.go_private()
    if work:
        work = work.resolve()
        work.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lastgood-bench-", dir=work))
    folder.chmod(0o755)  # for apache's user
    try:
        show_machine(folder)
        measure(work or folder, folder, size, rounds)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what there is goes, also on a second Ctrl-C
        remove(folder)


if __name__ == "__main__":
    main()
