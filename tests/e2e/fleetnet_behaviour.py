"""A fleet over a network that breaks: five hosts and three members of etcd, each a machine with a
network of its own. What docs/fleet.md promises for each that dies, hangs or is cut off."""

import datetime
import shutil
import time
import unittest

from fleet_world import AT_ONCE, Users, World
from harness import wait_until
from namespaces import why_not


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def at_once(spans):
    """The most of [from, to] that overlap."""
    edges = sorted([(begun, 1) for begun, _ in spans] + [(ended, -1) for _, ended in spans])
    now = most = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return most


class Fleet(unittest.TestCase):
    """One world for all tests of a class: each leaves it healed, or the next one heals it."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        if not shutil.which("etcd"):
            raise unittest.SkipTest("etcd is not installed (etcd-server)")
        if why := why_not():
            raise unittest.SkipTest(why)
        cls.world = World()
        cls.addClassCleanup(cls.world.end)

    def setUp(self):
        world = self.world
        world.heal()
        self.since = world.records.revision()
        self.begun = time.monotonic()
        self.users = Users(world.hosts)
        self.addCleanup(self._end)

    def _end(self):
        self.users.end()
        if any(test is self for test, _ in self._outcome.result.failures + self._outcome.result.errors):
            self.explain()

    def explain(self):
        for change in self.world.records.changes:
            if change.revision > self.since:
                print(f"{change.at - self.begun:8.3f} {change.revision} {change.key} {change.value}")
        for host in self.world.hosts:
            if host.daemon:
                print(f"---- {host.name}\n{host.daemon.log()[-5000:]}", flush=True)

    def settle(self, commit, note):
        """All hosts have it; nothing was broken on the way, and nobody went without an answer."""
        world = self.world
        world.wait_on(commit)
        world.wait_rollout("done", commit)
        world.records.wait(lambda: not world.grants(), "the grants to be taken back", 10)
        for host in world.hosts:
            self.assertNotIn("restored from a backup", host.daemon.log(), f"of {host.name}: it never was")
        broken, granted = world.broken_rules(self.since)
        self.assertEqual([], broken)
        rows = [row for host in world.hosts for row in host.deployments(commit)]
        self.assertEqual({"good"}, {row["outcome"] for row in rows}, rows)
        deploying = at_once([(moment(row["started_at"]), moment(row["finished_at"])) for row in rows])
        self.assertLessEqual(deploying, AT_ONCE, rows)
        self.assertEqual([1] * len(world.hosts), [host.ran(commit) for host in world.hosts])
        self.users.end()
        self.assertEqual([], self.users.refused)
        print(f"@note {note}; at most {granted} grants and {deploying} deployments at once, "
              f"{self.users.answered} requests on five hosts answered, none refused; "
              f"{time.monotonic() - self.begun:.1f} s")


class Push(Fleet):
    def test_a_good_push_gets_everywhere_the_canary_first_and_then_zone_by_zone(self):
        world = self.world
        commit = world.next_commit()
        self.assertEqual(202, world.hosts[3].push(commit)[0])
        rollout = world.wait_rollout("done", commit)
        granted, good = {}, {}  # when each host got its grant, and said that it is well
        for change in world.records.changes:
            name = change.key.split("/")[-1] if "grants" in change.key else change.key.split("/")[1]
            if change.revision <= self.since or change.gone:
                continue
            if change.key.startswith("apps/backend/grants/"):
                granted.setdefault(name, change.at)
            elif change.key == f"hosts/{name}/apps/backend" and '"outcome":"good"' in change.value \
                    and f'"granted":"{commit}"' in change.value:
                good.setdefault(name, change.at)
        order = sorted(granted, key=granted.get)
        self.assertEqual(5, len(order), order)
        canary = order[0]
        self.assertEqual([canary], rollout["canaries"])
        soak = granted[order[1]] - good[canary]
        self.assertGreater(soak, 0.8, "the canary was watched for canary_soak, a second")
        zones = [world.host(name).zone for name in order[1:]]
        self.assertEqual(sorted(zones), zones if zones[0] == "a" else zones[::-1], order)
        for host in world.hosts:
            self.assertEqual("fleet", host.deployments(commit)[0]["trigger"])
        self.settle(commit, f"a good push: {' '.join(order)}, the canary watched for {soak:.1f} s")

    def test_a_crash_looping_push_halts_at_the_canary_and_no_other_host_ever_ran_it(self):
        world = self.world
        good = world.records.value("apps/backend/good")["commit"]
        bad = world.next_commit(crash_after_ms=100)
        self.assertEqual(202, world.hosts[0].push(bad)[0])
        rollout = world.wait_rollout("halted", bad)
        self.assertIn(f"apps/backend/quarantine/{bad}", world.records.now)
        world.wait_on(good)
        [canary] = rollout["failures"]
        self.assertEqual([canary], [host.name for host in world.hosts if host.deployments(bad)])
        self.assertEqual("rolled_back", world.host(canary).deployments(bad)[0]["outcome"])
        granted = {change.key for change in world.records.changes
                   if change.revision > self.since and change.key.startswith("apps/backend/grants/")}
        self.assertEqual({f"apps/backend/grants/{canary}"}, granted)
        # Pushed again, at another door, nobody takes it.
        status, body = world.hosts[4].push(bad)
        self.assertIn(status, (200, 202), body)
        mended = world.next_commit()
        self.assertEqual(202, world.hosts[1].push(mended)[0])
        self.users.end()
        elsewhere = [refused for refused in self.users.refused if refused[0] != canary]
        self.assertEqual([], elsewhere)
        print(f"@note a crash loop: {canary} alone ran it: {rollout['reason'] or rollout['failures']}")
        self.users = Users(world.hosts)
        self.settle(mended, "the mended push after it")
        self.assertEqual([canary], [host.name for host in world.hosts if host.deployments(bad)])


class Trouble(Fleet):
    """Each in the middle of a wave: two hosts are starting the new release."""

    def gap_of(self, since):
        """Seconds until the fleet's own next write."""
        change = self.world.records.wait(
            lambda: next((one for one in self.world.records.changes if one.at > since), None),
            "the fleet to go on", 30)
        return change.at - since

    def not_controller(self, hosts):
        controller = self.world.controller()
        return next(host for host in hosts if host is not controller)

    def new_controller(self, old):
        return self.world.records.wait(
            lambda: self.world.controller() not in (None, old) and self.world.controller(),
            "another controller", 20)

    def test_the_leader_of_etcd_is_killed(self):
        world = self.world
        commit, _ = world.push_into_a_wave()
        leader = world.etcd.leader()
        world.records.move(away_from=leader)
        leader.kill()
        killed = time.monotonic()
        world.open_gates()
        gap = world.etcd.gap(without=leader)
        fleet_gap = self.gap_of(killed)
        world.wait_rollout("done", commit)
        self.settle(commit, f"etcd's leader killed: no write for {gap:.1f} s, the fleet's next after "
                            f"{fleet_gap:.1f} s")

    def test_the_leader_of_etcd_is_stopped(self):
        world = self.world
        commit, _ = world.push_into_a_wave()
        leader = world.etcd.leader()
        world.records.move(away_from=leader)
        leader.stop()
        stopped = time.monotonic()
        world.open_gates()
        gap = world.etcd.gap(without=leader)
        fleet_gap = self.gap_of(stopped)
        world.wait_on(commit)
        done = time.monotonic() - stopped
        leader.go_on()
        self.settle(commit, f"etcd's leader stopped: no write for {gap:.1f} s, the fleet's next after "
                            f"{fleet_gap:.1f} s, all hosts after {done:.1f} s")

    def test_the_controllers_host_dies(self):
        world = self.world
        commit, at_it = world.push_into_a_wave()
        controller = world.controller()
        died = time.monotonic()
        controller.power_off()
        world.open_gates()
        successor = self.new_controller(controller)
        elected = time.monotonic() - died
        world.wait_on(commit, world.others(controller.name))
        controller.start()
        self.settle(commit, f"the controller {controller.name} died{' at it' if controller in at_it else ''}: "
                            f"{successor.name} elected after {elected:.1f} s")

    def test_a_host_dies_in_its_deployment(self):
        world = self.world
        commit, at_it = world.push_into_a_wave()
        dead = self.not_controller(at_it)
        died = time.monotonic()
        dead.power_off()
        world.open_gates()
        world.wait_on(commit, world.others(dead.name))
        world.records.wait(lambda: dead.name not in world.grants(), "the grant to end with the lease", 25)
        held = time.monotonic() - died
        self.assertNotIn(f"hosts/{dead.name}", world.records.now)
        dead.start()
        self.settle(commit, f"{dead.name} died: its grant ended after {held:.1f} s")

    def test_a_host_is_cut_off_in_its_deployment(self):
        world = self.world
        commit, at_it = world.push_into_a_wave()
        cut = self.not_controller(at_it)
        world.network.pull(cut.machine)
        pulled = time.monotonic()
        world.open_gates(world.others(cut.name))
        world.wait_on(commit, world.others(cut.name))
        world.records.wait(lambda: f"hosts/{cut.name}" not in world.records.now, "its lease to end", 25)
        held = time.monotonic() - pulled
        # It has begun to start the release, and ends that alone.
        world.open_gates([cut])
        wait_until(lambda: cut.status()["last_good"] == commit, f"{cut.name} to end what it had begun")
        world.network.plug(cut.machine)
        self.settle(commit, f"{cut.name} cut off: its lease ended after {held:.1f} s, and it ended its "
                            "deployment alone")

    def test_the_controller_is_cut_off(self):
        world = self.world
        commit, at_it = world.push_into_a_wave()
        cut = world.controller()
        world.network.pull(cut.machine)
        pulled = time.monotonic()
        world.open_gates()
        successor = self.new_controller(cut)
        elected = time.monotonic() - pulled
        # What etcd doesn't have isn't acknowledged.
        self.assertEqual(503, cut.push(commit)[0])
        world.wait_on(commit, world.others(cut.name))
        world.network.plug(cut.machine)
        self.settle(commit, f"the controller {cut.name} cut off{' at it' if cut in at_it else ''}: "
                            f"{successor.name} elected after {elected:.1f} s")


if __name__ == "__main__":
    unittest.main()
