"""Forges' own clients, from npm: installed once into build/clients, and run by node."""

import fcntl
import json
import os
import shutil
import subprocess
import unittest

from harness import ENVIRONMENT, ROOT

SOURCES = ROOT / "tests" / "e2e" / "clients"
FOLDER = ROOT / "build" / "clients"
INSTALL_TIME_MAX = 120
NODE_MIN = 20


def install():
    """Skips the test where there is no node, or the registry can't be reached."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise unittest.SkipTest(f"{program} is not installed")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < NODE_MIN:
        raise unittest.SkipTest(f"node {version} is older than {NODE_MIN}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        install_packages()
    for script in SOURCES.glob("*.mjs"):
        target = FOLDER / script.name
        if not target.exists() or target.read_bytes() != script.read_bytes():
            # Whole at once: another class may be starting it.
            fresh = FOLDER / f"{script.name}.{os.getpid()}"
            shutil.copy(script, fresh)
            fresh.rename(target)


def install_packages():
    wanted = (SOURCES / "package.json").read_bytes()
    installed = FOLDER / "installed.json"
    if installed.exists() and installed.read_bytes() == wanted:
        return
    (FOLDER / "package.json").write_bytes(wanted)
    try:
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
            cwd=FOLDER, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=INSTALL_TIME_MAX,
        )
    except subprocess.TimeoutExpired:
        raise unittest.SkipTest(f"npm install took over {INSTALL_TIME_MAX} s") from None
    if done.returncode != 0:
        why = (done.stderr.strip().splitlines() or ["no word"])[0]
        raise unittest.SkipTest(f"npm install failed: {why}")
    installed.write_bytes(wanted)


def command(script, *arguments):
    return [shutil.which("node"), str(FOLDER / script), *map(str, arguments)]


def run_client(script, *arguments, jobs=None):
    """What a script printed, read as JSON."""
    done = subprocess.run(
        command(script, *arguments), env=ENVIRONMENT, capture_output=True, text=True, timeout=60,
        input=json.dumps(jobs),
    )
    if done.returncode != 0:
        raise AssertionError(f"{script}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)
