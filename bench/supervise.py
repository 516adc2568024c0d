#!/usr/bin/env python3
"""lastgood as a supervisor, beside Debian's runit, s6, supervisor and monit and npm's pm2, in one
run.

    bench/supervise.py [PART…]      restart idle output many trees load; default: all of them

Needs root and the packages of `scripts/install-deps --bench`; what isn't there is told and left
out. pm2 is installed by npm into build/bench. LASTGOOD names the binary. Each figure is for this
machine and this run: look at the ratios."""

import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "e2e"))

import supervise_idle  # noqa: E402
import supervise_load  # noqa: E402
import supervise_output  # noqa: E402
import supervise_restart  # noqa: E402
import supervise_trees  # noqa: E402
from supervise_lastgood import Lastgood  # noqa: E402
from supervise_peers import Monit, Pm2, Runit, S6, Supervisord  # noqa: E402
from supervise_programs import Ear, build  # noqa: E402

PARTS = {
    "restart": supervise_restart.measure,
    "idle": supervise_idle.measure,
    "output": supervise_output.measure,
    "many": supervise_idle.measure_many,
    "trees": supervise_trees.measure,
    "load": supervise_load.measure,
}
TOOLS = (Lastgood, Runit, S6, Supervisord, Monit, Pm2)
QUICK = {"starts": 1, "samples": 3, "seconds": 5, "lines": 100_000, "rounds": 2, "counts": [10, 20],
         "stops": 3, "peer_stops": 1, "deployments": 10, "requests": 10_000}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=" ".join(PARTS))
    parser.add_argument("--only", nargs="+", metavar="TOOL", help="of the tools only these")
    parser.add_argument("--quick", action="store_true", help="small counts: does it work at all?")
    parser.add_argument("--samples", type=int, default=30, help="restarts of each")
    parser.add_argument("--seconds", type=float, default=20, help="length of the idle window")
    parser.add_argument("--lines", type=int, default=1_000_000, help="lines of output a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of output")
    parser.add_argument("--counts", type=int, nargs="+", default=[10, 50, 100, 200],
                        help="numbers of apps under one supervisor")
    parser.add_argument("--starts", type=int, default=5, help="of many apps: medians of so many")
    parser.add_argument("--stops", type=int, default=100, help="of each of six trees")
    parser.add_argument("--peer-stops", type=int, default=5, help="the same for the peers")
    parser.add_argument("--deployments", type=int, default=50, help="under load; 2 of 5 are bad")
    parser.add_argument("--requests", type=int, default=100_000, help="at least")
    parser.add_argument("--ready-within", default="5s", help="under load: a deaf one takes it")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {unknown[0]}; there are {' '.join(PARTS)}")
    if options.quick:
        vars(options).update(QUICK)
    return options


def usable(only):
    tools = []
    for kind in TOOLS:
        if only and kind.name not in only:
            continue
        why = kind.why_not()
        if why:
            print(f"skipped: {kind.name}: {why}")
        else:
            tools.append(kind)
    return tools


def main():
    options = arguments()
    tools = usable(options.only)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lastgood-bench-"))
    folder.chmod(0o755)
    failed = []
    try:
        ear = Ear(folder)
        for part in options.parts or PARTS:
            place = folder / part
            place.mkdir()
            try:
                PARTS[part](tools, place, ear, options)
            except (AssertionError, OSError, subprocess.SubprocessError):
                traceback.print_exc()
                failed.append(part)  # the other parts can do without it
            shutil.rmtree(place, ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if failed:
        sys.exit(f"could not be measured: {' '.join(failed)}")


def interrupted(*_):
    sys.exit(130)


if __name__ == "__main__":
    # Below a process that collects orphans at once, or zombies would distort what is seen.
    if not os.environ.pop("BENCH_REAPED", None):
        os.environ["BENCH_REAPED"] = "1"
        os.execv(build("reaper"), ["reaper", sys.executable, "-B", *sys.argv])
    signal.signal(signal.SIGTERM, interrupted)
    try:
        main()
    except KeyboardInterrupt:
        interrupted()
