#!/usr/bin/env python3
"""A fleet of many simulated hosts on three real members of etcd, all on this machine.

    bench/fleet.py [PART…] [--hosts N] [--rounds N] [--json]
    bench/fleet.py cost --hosts 100,300,1000,3000 [--through direct,grpc-proxy,gateway]

parts (all but cost by default):
  spread          a wish's transaction, until each host has seen it
  rolling         an update, --at-once hosts at a time, each of them --work-ms at it
  leader-killed   the same, with etcd's leader killed by kill -9 in the middle
  leader-stopped  the same, with etcd's leader stopped, and thawed when the update is over
  cost            memory and CPU of etcd, requests and bytes of each host: idle, and of an update

Each host is the real agent (module fleet), with its own threads and connections; its daemon is
played, and so is the deployment. The machine's cores are shared by all of it: trust ratios. etcd's
data is below --work-dir, what hosts note in /dev/shm. Needs etcd (scripts/install-deps --test)."""

import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time

import fleet_cluster
from fleet_cluster import NotOffered, fleet, now, wait_until

APP = "apps/app/"
PARTS = ("spread", "rolling", "leader-killed", "leader-stopped", "cost")


def commit(number):
    return f"{number:040x}"


def stamp():
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())


class Fleet:
    """What a test does to the fleet, and what it finds."""

    def __init__(self, cluster, hosts, options):
        self.cluster = cluster
        self.hosts = hosts
        self.options = options
        self.commits = 0

    def wish_number(self, without=None):
        wish = self.cluster.etcd(without).get(APP + "wish")
        return wish["number"] if wish else 0

    def pause(self, paused):
        etcd = self.cluster.etcd()
        if paused:
            etcd.put(APP + "paused", {"by": "bench", "at": stamp()})
        else:
            etcd.delete(APP + "paused")

    def write_wish(self):
        """As the controller does it, but at a moment that is known."""
        number = self.wish_number() + 1
        self.commits += 1
        wish = {"id": f"wish-{number}", "number": number, "commit": commit(self.commits),
                "trigger": "webhook", "by": "bench", "at": stamp()}
        begun = now()
        self.cluster.etcd().put(APP + "wish", wish)
        return begun, number

    def push(self):
        """A delivery, as a front door writes it."""
        self.commits += 1
        name = f"push-{self.commits}"
        begun = now()
        self.cluster.etcd().put(APP + "proposals/" + name, {
            "id": name, "trigger": "webhook", "commit": commit(self.commits),
            "ref": "refs/heads/main", "by": "bench", "at": stamp()})
        return begun

    def rollout_is_done(self, number, without=None):
        try:
            rollout = self.cluster.etcd(without).get(APP + "rollout")
        except OSError:
            return False  # there is no leader just now
        if rollout and rollout["number"] >= number and rollout["state"] == "halted":
            raise SystemExit(f"bench/fleet: the rollout is halted: {rollout}")
        return rollout and rollout["number"] >= number and rollout["state"] == "done"

    def held_at_once(self, since):
        """The most grants there ever were at one revision of the store."""
        most, held, at = 0, set(), since
        for revision, host, put in self.cluster.etcds[0].history(APP + "grants", since):
            if revision != at:
                most, at = max(most, len(held)), revision
            (held.add if put else held.discard)(host)
        return max(most, len(held))


def at_work_at_once(deploys):
    moments = sorted([(begin, 1) for _, begin, _ in deploys] + [(end, -1) for _, _, end in deploys])
    most = working = 0
    for _, change in moments:
        working += change
        most = max(most, working)
    return most


def spread(the_fleet, rounds):
    the_fleet.pause(True)
    found = []
    for _ in range(rounds):
        time.sleep(2)  # what the last one has caused is over
        begun, number = the_fleet.write_wish()
        seen = wait_until(lambda: the_fleet.hosts.seen(number), "all have seen the wish")
        took = sorted(1000 * (at - begun) for at in seen)
        found.append({"median_ms": statistics.median(took), "p99_ms": took[len(took) * 99 // 100],
                      "worst_ms": took[-1]})
    return found


def rolling(the_fleet, fault=None, heal=None):
    """One update; `fault` is done to etcd when a third of it is over."""
    cluster, hosts, options = the_fleet.cluster, the_fleet.hosts, the_fleet.options
    the_fleet.pause(False)
    wait_until(lambda: hosts.connected() == hosts.count, "all hosts are connected")
    if before := the_fleet.wish_number():
        wait_until(lambda: the_fleet.rollout_is_done(before), "the last wish is on all hosts", 300)
    time.sleep(2)
    hosts.deploys()
    since = cluster.etcd().revision() + 1
    number = the_fleet.wish_number() + 1
    begun = the_fleet.push()
    deploys, hurt = [], None
    fault_at = None
    while not the_fleet.rollout_is_done(number, hurt):
        deploys += hosts.deploys()
        if fault and fault_at is None and len(deploys) >= hosts.count / 3:
            hurt = cluster.leader()
            fault_at = now()
            fault(cluster, hurt)
        if now() - begun > 600:
            raise SystemExit(f"bench/fleet: the update takes for ever: {len(deploys)} hosts")
        time.sleep(0.1)
    done = now()
    deploys += hosts.deploys()
    if hurt is not None:
        heal(cluster, hurt)
    ideal = hosts.count / options.at_once * options.work_ms / 1000
    seen = hosts.seen(number)
    # The fleet gets on when a host begins or ends, and with the end of it all.
    moments = sorted([at for _, *both in deploys for at in both] + [begun, done])
    gaps = [(b - a, a) for a, b in zip(moments, moments[1:])]
    result = {
        "took_s": done - begun, "ideal_s": ideal, "ratio": (done - begun) / ideal, "deployments": len(deploys),
        "hosts_deployed": len({host for host, _, _ in deploys}),
        "granted_at_once": the_fleet.held_at_once(since),
        "at_work_at_once": at_work_at_once(deploys),
        "seen_by_all_ms": 1000 * (max(seen) - begun) if seen else None,
        "longest_gap_s": max(gaps)[0]}
    if fault_at is not None:
        result["gap_after_fault_s"] = max(gap for gap, at in gaps if at + gap >= fault_at)
        result["etcd_elected_after_s"] = cluster.elected_after(fault_at)
    return result


def kill(cluster, member):
    cluster.members[member].end()


def stop(cluster, member):
    cluster.members[member].signal(signal.SIGSTOP)


def thaw(cluster, member):
    cluster.members[member].signal(signal.SIGCONT)
    wait_until(lambda: cluster.etcds[member].get("begun"), "the member is back")


class Meter:
    """What a stretch of time costs."""

    def __init__(self, cluster, hosts):
        self.cluster, self.hosts = cluster, hosts
        self.began = self.look()

    def look(self):
        return {"at": now(), "metrics": self.cluster.metrics(), "bytes": self.hosts.bytes(),
                "cpu": [server.cpu_seconds() for server in self.cluster.servers()],
                "hosts_cpu": sum(running.cpu_seconds() for running in self.hosts.processes)}

    def read(self):
        a, b = self.began, self.look()
        seconds = b["at"] - a["at"]
        calls = {}
        for name, value in b["metrics"].items():
            if name.startswith("grpc_server_started_total"):
                method = name.split('grpc_method="')[1].split('"')[0]
                calls[method] = calls.get(method, 0) + value - a["metrics"].get(name, 0)
        cpu = [y - x for x, y in zip(a["cpu"], b["cpu"])]
        return {
            "seconds": seconds, "etcd_cpu_s": cpu, "etcd_cpu_s_per_minute": 60 * sum(cpu) / seconds,
            "hosts_cpu_s": b["hosts_cpu"] - a["hosts_cpu"],
            "hosts_cpu_ms_per_host_minute":
                60000 * (b["hosts_cpu"] - a["hosts_cpu"]) / seconds / self.hosts.count,
            "requests": {method: count for method, count in calls.items() if count},
            "requests_per_host_minute":
                60 * sum(calls.values()) / seconds / self.hosts.count,
            "sent_bytes_per_host_minute":
                60 * (b["bytes"]["sent"] - a["bytes"]["sent"]) / seconds / self.hosts.count,
            "received_bytes_per_host_minute":
                60 * (b["bytes"]["received"] - a["bytes"]["received"]) / seconds / self.hosts.count,
            "connections_per_host": b["bytes"]["connections"] / self.hosts.count,
        }


def memory(cluster, hosts):
    members = [member.memory_mb() for member in cluster.members]
    return {"etcd_rss_mb": [each["Rss"] for each in members],
            "etcd_pss_mb": [each["Pss"] for each in members],
            "between_pss_mb": [each.memory_mb()["Pss"] for each in cluster.between],
            "hosts_pss_mb": sum(running.memory_mb()["Pss"] for running in hosts.processes)}


def cost(count, options, through):
    with fleet(count, options, through) as (cluster, hosts):
        the_fleet = Fleet(cluster, hosts, options)
        result = {"hosts": count, "through": through, "connect_s": hosts.connect_s}
        time.sleep(5)
        meter = Meter(cluster, hosts)
        time.sleep(options.idle)
        result["idle"] = meter.read()
        result["spread"] = spread(the_fleet, 3)
        meter = Meter(cluster, hosts)
        result["rolling"] = rolling(the_fleet)
        result["update"] = meter.read()
        result["memory"] = memory(cluster, hosts)
        return result


def numbers(values, digits=0):
    return " / ".join(f"{value:.{digits}f}" for value in values)


def tell_rolling(name, result):
    gap, elected = result.get("gap_after_fault_s"), result.get("etcd_elected_after_s")
    print(f"{name}: {result['took_s']:.1f} s, ideal {result['ideal_s']:.1f}, "
          f"ratio {result['ratio']:.2f}; {result['hosts_deployed']} hosts, "
          f"{result['deployments']} deployments; at most {result['granted_at_once']} granted and "
          f"{result['at_work_at_once']} at work at once; seen by all "
          f"{result['seen_by_all_ms'] or 0:.0f} ms after the push; longest gap "
          f"{result['longest_gap_s']:.2f} s" +
          (f", after the fault {gap:.2f} s" if gap is not None else "") +
          (f"; etcd had a leader again after {elected:.2f} s" if elected else ""), flush=True)


def tell_cost(result):
    idle, update, mem = result["idle"], result["update"], result["memory"]
    print(f"\n{result['hosts']} hosts, {result['through']}: connected after "
          f"{result['connect_s']:.1f} s, {idle['connections_per_host']:.1f} connections a host")
    print(f"  memory: etcd RSS {numbers(mem['etcd_rss_mb'])} MB, PSS {numbers(mem['etcd_pss_mb'])}"
          f"; relay PSS {numbers(mem['between_pss_mb']) or '-'}; a host's agent "
          f"{mem['hosts_pss_mb'] / result['hosts']:.2f} MB (in one process with others)")
    for name, part in (("idle", idle), ("update", update)):
        print(f"  {name}, {part['seconds']:.0f} s: etcd {sum(part['etcd_cpu_s']):.2f} CPU s "
              f"({numbers(part['etcd_cpu_s'], 2)}), {part['etcd_cpu_s_per_minute']:.1f} a minute; "
              f"a host in a minute: {part['hosts_cpu_ms_per_host_minute']:.0f} ms CPU, "
              f"{part['requests_per_host_minute']:.1f} requests, "
              f"{part['sent_bytes_per_host_minute'] / 1024:.1f} KB sent, "
              f"{part['received_bytes_per_host_minute'] / 1024:.1f} KB received")
        calls = sorted(part["requests"].items(), key=lambda item: -item[1])
        print("    " + ", ".join(f"{method} {count:.0f}" for method, count in calls))
    tell_spread(result["spread"])
    tell_rolling("  rolling", result["rolling"])


def tell_spread(rounds):
    for each in rounds:
        print(f"  spread: median {each['median_ms']:.0f} ms, 99 % {each['p99_ms']:.0f}, "
              f"worst {each['worst_ms']:.0f}", flush=True)


def run(options):
    results = {"machine": {"cores": os.cpu_count(), "load": os.getloadavg(),
                           "etcd": subprocess.run(["etcd", "--version"], capture_output=True,
                                                  text=True).stdout.splitlines()[0],
                           "at": stamp()}}
    print(f"{results['machine']}", file=sys.stderr)
    faults = {"leader-killed": (kill, lambda cluster, n: cluster.restart(n)),
              "leader-stopped": (stop, thaw)}
    if set(options.parts) - {"cost"}:
        count = options.hosts[0] if len(options.hosts) == 1 else 1000
        with fleet(count, options) as (cluster, hosts):
            the_fleet = Fleet(cluster, hosts, options)
            print(f"{count} hosts, connected after {hosts.connect_s:.1f} s", flush=True)
            if "spread" in options.parts:
                results["spread"] = spread(the_fleet, options.rounds + 2)
                tell_spread(results["spread"])
            for part in ("rolling", "leader-killed", "leader-stopped"):
                for _ in range(options.rounds if part in options.parts else 0):
                    result = rolling(the_fleet, *faults.get(part, ()))
                    results.setdefault(part, []).append(result)
                    tell_rolling(part, result)
    for through in options.through if "cost" in options.parts else ():
        for count in options.hosts:
            try:
                results.setdefault("cost", []).append(cost(count, options, through))
                tell_cost(results["cost"][-1])
            except NotOffered as why:
                print(f"\n{through}: {why}")
                results.setdefault("not_offered", {})[through] = str(why)
                break
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", default=PARTS[:-1])
    parser.add_argument("--hosts", default="1000", help="N, of cost N,N,…")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=10)
    parser.add_argument("--work-ms", type=int, default=50)
    parser.add_argument("--idle", type=int, default=60, help="seconds of idleness, of cost")
    parser.add_argument("--through", default="direct")
    parser.add_argument("--work-dir", default="/tmp", help="etcd's disk")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--json", action="store_true", help="all figures, as the last line")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    options.hosts = [int(count) for count in options.hosts.split(",")]
    options.through = options.through.split(",")
    options.work_dir = pathlib.Path(options.work_dir)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and all is taken away again
    fleet_cluster.build()
    results = run(options)
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
