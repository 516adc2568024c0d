#!/usr/bin/env python3
"""The receiver against Debian's `webhook` in one run: signed GitHub pushes of a recorded size, at 1, 16
and 64 connections, turn by turn. lastgood records each on disk before it answers; `webhook` runs
/bin/true for each and doesn't wait for it.

    bench/receiver.py [SECONDS]      a turn, default 5; needs wrk and webhook; LASTGOOD names the binary

Two kinds of load: one commit again and again (it is live already: recorded, nothing to do), and a
new commit each time (each one recorded, queued, and superseded by the next)."""

import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "e2e"))

import harness  # noqa: E402

SECONDS = int(sys.argv.pop(1)) if len(sys.argv) > 1 else 5
CONNECTIONS = (1, 16, 64)
BODIES = 500
PAYLOAD = harness.ROOT / "tests" / "data" / "payloads" / "github-push.go-scm.json"


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]


def high_water_kb(pids):
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as status:
            total += int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))
    return total


class Receiver(harness.Case):
    def app_config(self):
        return {**super().app_config(), "poll": "off"}

    def load(self, name, commits):
        """The file of bodies that wrk sends."""
        path = self.folder / name
        payload = json.loads(PAYLOAD.read_text())
        payload["ref"] = "refs/heads/main"
        with open(path, "wb") as file:
            for commit in commits:
                body = json.dumps({**payload, "after": commit}).encode()
                mac = hmac.new(harness.SECRET.encode(), body, hashlib.sha256).hexdigest()
                file.write(f"sha256={mac} {len(body)}\n".encode() + body + b"\n")
        return path

    def wrk(self, port, load, run, connections):
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--timeout", "20s", "--latency",
             "-s", str(harness.ROOT / "bench" / "receiver.lua"), f"http://127.0.0.1:{port}"],
            env={**os.environ, "LOAD": str(load), "RUN": run, "TARGET": "/hooks/backend"},
            capture_output=True, text=True, check=True).stdout
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
        total = int(re.search(r"(\d+) requests in", done).group(1))
        self.assertNotIn("Socket errors", done)
        return {
            "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", done).group(1)),
            "p50": milliseconds(re.search(r"\n\s+50%\s+(\S+)", done).group(1)),
            "p99": milliseconds(re.search(r"\n\s+99%\s+(\S+)", done).group(1)),
            "acknowledged": total - (int(refused.group(1)) if refused else 0),
            "refused": int(refused.group(1)) if refused else 0,
        }

    @contextlib.contextmanager
    def peer(self):
        hooks = self.folder / "hooks.json"
        hooks.write_text(json.dumps([{
            "id": "backend", "execute-command": "/bin/true", "trigger-rule": {"match": {
                "type": "payload-hmac-sha256", "secret": harness.SECRET,
                "parameter": {"source": "header", "name": "X-Hub-Signature-256"}}}}]))
        port = harness.free_port()
        process = subprocess.Popen(
            ["webhook", "-hooks", hooks, "-ip", "127.0.0.1", "-port", str(port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            harness.wait_until(lambda: self.answers(port), "webhook")
            yield port, process.pid
        finally:
            process.kill()
            process.wait()

    @staticmethod
    def answers(port):
        with contextlib.suppress(OSError):
            return harness.get(port)[0] > 0
        return False

    def recorded(self, run):
        with contextlib.closing(sqlite3.connect(self.state / "lastgood.db")) as database:
            return database.execute("SELECT count(*) FROM deliveries WHERE id LIKE ?",
                                    (run + "-%",)).fetchone()[0]

    def test_side_by_side(self):
        self.config["log"] = {"level": "info"}
        commit = self.first_good()
        fresh = [hashlib.sha1(str(i).encode()).hexdigest() for i in range(BODIES)]
        loads = {"same": self.load("same", [commit]), "new": self.load("new", fresh)}
        size = loads["same"].stat().st_size
        print(f"\n{size} bytes a request, {SECONDS} s a turn, {os.cpu_count()} cores\n")
        print(f"{'load':5} {'conn':>4}  {'lastgood /s':>11} {'p50':>7} {'p99':>8}"
              f"  {'webhook /s':>10} {'p50':>7} {'p99':>8}  {'ratio':>5} {'p99 share':>9}  recorded")
        ours = [self.daemon.pid,
                *(int(p) for p in harness.run("pgrep", "-P", str(self.daemon.pid), "-f",
                                              "receiver").stdout.split())]
        most = 0
        for kind, load in loads.items():
            for connections in CONNECTIONS:
                run = f"{kind}{connections}"
                one = self.wrk(self.hook_port, load, run, connections)
                # A new one each time: it goes on with the commands that it owes after its turn.
                with self.peer() as (port, pid):
                    other = self.wrk(port, load, run, connections)
                    most = max(most, high_water_kb([pid]))
                rows = self.recorded(run)
                print(f"{kind:5} {connections:4}  {one['rate']:11.0f} {one['p50']:7.2f}"
                      f" {one['p99']:8.2f}  {other['rate']:10.0f} {other['p50']:7.2f}"
                      f" {other['p99']:8.2f}  {one['rate'] / other['rate']:5.2f}"
                      f" {one['p99'] / other['p99']:9.3f}  {rows} of"
                      f" {one['acknowledged']} acknowledged", flush=True)
                self.assertGreaterEqual(rows, one["acknowledged"], "acknowledged and lost")
                self.assertEqual(0, one["refused"])
        print(f"\nmost memory: lastgood {high_water_kb(ours) / 1024:.1f} MB (daemon and receiver),"
              f" webhook {most / 1024:.1f} MB")


if __name__ == "__main__":
    harness.unittest.main()
