"""Real members of etcd and many hosts, for bench/fleet.py: started on free loopback addresses in a
folder of their own, and ended by pid."""

import base64
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "release"
PROGRAM = os.environ.get("LASTGOOD_BENCH_FLEET", BUILD / "bench" / "lastgood_bench_fleet")
GROUP = "bench"
PREFIX = f"/lastgood/{GROUP}/"
HOSTS_PER_PROCESS = 500
START_MS = 20  # from one host to the next in a process


def now():
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def wait_until(look, what, seconds=60):
    until = now() + seconds
    while now() < until:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if found := look():
                return found
        time.sleep(0.05)
    raise SystemExit(f"bench/fleet: after {seconds} s still not: {what}")


def free_port(host):
    with socket.socket() as listening:
        listening.bind((host, 0))
        return listening.getsockname()[1]


def b64(text):
    return base64.b64encode(text.encode()).decode()


def below(key):
    """A range: all that begin with it."""
    return {"key": b64(key), "range_end": b64(key[:-1] + chr(ord(key[-1]) + 1))}


class Etcd:
    """One member's JSON gateway."""

    def __init__(self, url):
        self.place = urllib.parse.urlsplit(url).netloc
        self.connection = None

    def send(self, path, body, timeout=5):
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.place, timeout=timeout)
            self.connection.request("POST" if body is not None else "GET", path,
                                    None if body is None else json.dumps(body))
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as why:
            self.connection = None
            raise OSError(f"etcd at {self.place}: {why}") from why

    def ask(self, path, body):
        status, text = self.send(path, body)
        if status != 200:
            raise OSError(f"etcd answered {status} to {path}: {text[:200]}")
        return json.loads(text)

    def put(self, key, value):
        """Once more where there was no answer: it is the same value."""
        body = {"key": b64(PREFIX + key), "value": b64(json.dumps(value))}
        try:
            answer = self.ask("/v3/kv/put", body)
        except OSError:
            answer = self.ask("/v3/kv/put", body)
        return int(answer["header"]["revision"])

    def delete(self, key):
        self.ask("/v3/kv/deleterange", {"key": b64(PREFIX + key)})

    def get(self, key):
        found = self.ask("/v3/kv/range", {"key": b64(PREFIX + key)}).get("kvs")
        return json.loads(base64.b64decode(found[0]["value"])) if found else None

    def revision(self):
        return int(self.ask("/v3/kv/range", {"key": b64(PREFIX)})["header"]["revision"])

    def status(self):
        return self.ask("/v3/maintenance/status", {})

    def metrics(self):
        values = {}
        for line in self.send("/metrics", None)[1].decode().splitlines():
            if not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        return values

    def history(self, folder, begin):
        """Every event below a folder from revision `begin` on: when, of which key, is it there."""
        # A key beside the folder, that means nothing to anybody, tells where the end is.
        end = self.put(folder + "-end", True)
        watch = http.client.HTTPConnection(self.place, timeout=30)
        watch.request("POST", "/v3/watch", json.dumps(
            {"create_request": {**below(PREFIX + folder), "start_revision": str(begin)}}))
        answer = watch.getresponse()
        while True:
            for event in json.loads(answer.readline())["result"].get("events", []):
                revision = int(event["kv"]["mod_revision"])
                if revision >= end:
                    return watch.close()
                name = base64.b64decode(event["kv"]["key"]).decode()[len(PREFIX + folder):]
                if name.startswith("/"):
                    yield revision, name[1:], event.get("type") != "DELETE"


class Running:
    """A program of the benchmark's own, that ends with it."""

    def __init__(self, argv, **options):
        self.process = subprocess.Popen(argv, **options)
        self.pid = self.process.pid

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
            self.process.wait()

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self):
        with open(f"/proc/{self.pid}/smaps_rollup") as rollup:
            text = rollup.read()
        return {name: int(re.search(rf"^{name}:\s+(\d+)", text, re.M).group(1)) / 1024
                for name in ("Pss", "Rss")}


class Cluster:
    """Three members, and what hosts are told to connect to."""

    def __init__(self, folder):
        self.folder = folder
        self.members = []
        self.urls = []
        hosts = [f"127.0.0.{n}" for n in (2, 3, 4)]
        clients = [f"http://{host}:{free_port(host)}" for host in hosts]
        peers = [f"http://{host}:{free_port(host)}" for host in hosts]
        initial = ",".join(f"m{n}={peer}" for n, peer in enumerate(peers))
        self.argvs = [
            ["etcd", "--name", f"m{n}", "--data-dir", str(folder / f"m{n}"),
             "--listen-client-urls", clients[n], "--advertise-client-urls", clients[n],
             "--listen-peer-urls", peers[n], "--initial-advertise-peer-urls", peers[n],
             "--initial-cluster", initial, "--logger", "zap",
             "--log-outputs", str(folder / f"m{n}.log")] for n in range(3)]
        self.members = [Running(argv) for argv in self.argvs]
        self.urls = clients
        self.etcds = [Etcd(url) for url in clients]
        self.between = []
        wait_until(lambda: self.etcds[0].put("begun", True), "etcd takes a write")
        self.endpoints = clients

    def put_between(self, through):
        """etcd's own relays: `grpc-proxy` joins watches, `gateway` passes connections on."""
        places = [urllib.parse.urlsplit(url).netloc for url in self.urls]
        listen = f"127.0.0.5:{free_port('127.0.0.5')}"
        with open(self.folder / "between.log", "wb") as log:
            self.between = [Running(["etcd", through, "start", f"--endpoints={','.join(places)}",
                                     f"--listen-addr={listen}"], stdout=log, stderr=log)]
        etcd = Etcd(f"http://{listen}")
        path, body = "/v3/kv/range", {"key": b64(PREFIX)}
        status, text = wait_until(lambda: etcd.send(path, body), f"etcd {through} listens")
        if status != 200:
            raise NotOffered(f"`etcd {through}` answers a JSON request (POST {path}) with HTTP "
                             f"status {status}: {text.decode(errors='replace').strip()[:80]}")
        self.endpoints = [f"http://{listen}"]

    def leader(self):
        for n, etcd in enumerate(self.etcds):
            with contextlib.suppress(OSError, http.client.HTTPException):
                status = etcd.status()
                if status["leader"] == status["header"]["member_id"]:
                    return n
        raise SystemExit("bench/fleet: etcd has no leader")

    def elected_after(self, moment):
        """Seconds from `moment` until the members had a leader again, by their own logs."""
        began = time.time() - (now() - moment)
        elected = []
        for log in self.folder.glob("m*.log"):
            for line in log.read_text().splitlines():
                if "elected leader" in line:
                    at = datetime.datetime.fromisoformat(json.loads(line)["ts"].rstrip("Z") + "+00:00")
                    elected.append(at.timestamp() - began)
        return min((seconds for seconds in elected if seconds > 0), default=None)

    def etcd(self, without=None):
        return next(etcd for n, etcd in enumerate(self.etcds) if n != without)

    def restart(self, n):
        self.members[n].end()
        self.members[n] = Running(self.argvs[n])
        self.etcds[n].connection = None
        wait_until(lambda: self.etcds[n].get("begun"), "the member is back")

    def servers(self):
        return self.members + self.between

    def metrics(self):
        """Of all members together."""
        total = {}
        for etcd in self.etcds:
            for name, value in etcd.metrics().items():
                total[name] = total.get(name, 0) + value
        return total

    def end(self):
        for running in self.between + self.members:
            with contextlib.suppress(ProcessLookupError):
                running.signal(signal.SIGCONT)
            running.end()


class NotOffered(Exception):
    pass


class Hosts:
    """All simulated hosts, in as many processes as needed."""

    def __init__(self, cluster, folder, count, work_ms, at_once, start_ms):
        self.count = count
        self.processes = []
        self.log = open(folder / "hosts.log", "ab")
        for first in range(0, count, HOSTS_PER_PROCESS):
            these = min(HOSTS_PER_PROCESS, count - first)
            self.processes.append(Running(
                [str(PROGRAM), ",".join(cluster.endpoints), GROUP, str(first), str(these),
                 str(folder), str(work_ms), str(at_once), str(start_ms)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True))

    def ask(self, command):
        for running in self.processes:
            running.process.stdin.write(command + "\n")
            running.process.stdin.flush()
        return [json.loads(running.process.stdout.readline()) for running in self.processes]

    def connected(self):
        return sum(state["connected"] for state in self.ask("state"))

    def controller(self):
        return next((s["controller"] for s in self.ask("state") if s["controller"]), None)

    def seen(self, number):
        """Seconds, of each host; None until all have seen it."""
        times = [time for some in self.ask(f"seen {number}") for time in some]
        return None if 0 in times else [time / 1e6 for time in times]

    def deploys(self):
        found = [deploy for some in self.ask("deploys") for deploy in some]
        return sorted((host, begin / 1e6, end / 1e6) for host, begin, end in found)

    def bytes(self):
        answers = self.ask("bytes")
        return {key: sum(answer[key] for answer in answers) for key in answers[0]}

    def end(self):
        for running in self.processes:
            running.end()
        self.log.close()


@contextlib.contextmanager
def fleet(count, options, through="direct"):
    """etcd and hosts that are connected, with a controller. What hosts note on their disks goes to
    memory: each has a disk of its own, and here they would share etcd's."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lastgood-bench-", dir=options.work_dir))
    memory = pathlib.Path(tempfile.mkdtemp(prefix="lastgood-bench-", dir="/dev/shm"))
    cluster = hosts = None
    try:
        cluster = Cluster(folder)
        if through != "direct":
            cluster.put_between(through)
        begun = now()
        hosts = Hosts(cluster, memory, count, options.work_ms, options.at_once,
                      START_MS * count)
        wait_until(lambda: hosts.connected() == count, f"{count} hosts are connected", 180)
        hosts.connect_s = now() - begun
        wait_until(hosts.controller, "there is a controller")
        # A host's word is there a moment after its lease.
        wait_until(lambda: len(host_keys(cluster)) == 2 * count, "all hosts are known")
        yield cluster, hosts
    finally:
        if hosts:
            hosts.end()
        if cluster:
            cluster.end()
        for each in (folder, memory):
            if options.keep:
                print(f"kept: {each}", file=sys.stderr)
            else:
                shutil.rmtree(each, ignore_errors=True)


def host_keys(cluster):
    answer = cluster.etcds[0].ask("/v3/kv/range", {**below(PREFIX + "hosts/"), "keys_only": True})
    return answer.get("kvs", [])


def build():
    """The program of the hosts, where the environment doesn't name another build of it."""
    if "LASTGOOD_BENCH_FLEET" in os.environ:
        return
    subprocess.run(["cmake", "--build", str(BUILD), "--target", "lastgood_bench_fleet"],
                   check=True, stdout=subprocess.DEVNULL)
