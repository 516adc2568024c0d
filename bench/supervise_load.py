"""Constant load while releases change, crash, and the supervisor itself is killed: what users see.

The load is open: so many requests a second begin, whatever became of those before, half of them on
new connections. The app is the same node program everywhere, which drains; a preloaded library
writes down each connection that it accepted. So a failed one tells whether it was lost before an
app had it, or died with the process that held it, which no supervisor can mend."""

import collections
import shutil
import time

import harness
import supervise_web as web
from supervise_lastgood import Lastgood
from supervise_peers import App, Pm2, Supervisord
from supervise_programs import header, missing, sleep_until, verdict
from supervise_traffic import RATE, Load, Result, Server, bursts, kinds

KILLS = 5      # of the daemon
CRASHES = 10   # of the app
BAD = ("exit", "deaf", "late", "exit", "deaf")  # in turn; "exit" and "deaf" never go live
PEER_RESTARTS = 5
PEER_CRASHES = 2


def spread(count, length):
    """So many different places in a row of that length."""
    return {int((i + 0.5) * length / count) for i in range(count)}


class Course:
    """Deployments, crashes and kills of the daemon, one after the other, with what came of them."""

    def __init__(self, tool, server, options):
        self.tool, self.server = tool, server
        self.deployments = options.deployments
        self.crash_at = spread(CRASHES, self.deployments)
        self.kill_at = spread(KILLS, self.deployments)
        self.outcomes = collections.Counter()
        self.crashes = self.kills = self.bad = 0
        self.events = []  # (time in ns, what began then)

    def note(self, what):
        self.events.append((time.monotonic_ns(), what))

    def before(self, moment):
        """What had happened just before, newest first."""
        earlier = [f"{what} {(moment - at) / 1e9:.2f} s before"
                   for at, what in self.events if at <= moment]
        return "; ".join(earlier[:-4:-1]) or "nothing"

    def run(self):
        for number in range(self.deployments):
            bad = BAD[self.bad % len(BAD)] if number % 5 in (1, 3) else None
            self.deploy(number, bad)
            if number in self.crash_at:
                self.note("kill of the app")
                self.server.kill()
                self.crashes += 1
                self.server.wait()
                self.note("its answer")

    def deploy(self, number, bad):
        behaviour = {"bad": bad} if bad else {}
        self.bad += bad is not None
        self.tool.commit(f"v{number + 2}", **behaviour)
        self.note(f"deployment {number} ({bad or 'sound'})")
        deployment = self.tool.deploy()
        # Each second time the daemon dies in the middle of a deployment, else after one.
        killed = number in self.kill_at
        in_the_middle = killed and self.kills % 2 == 1
        if in_the_middle:
            time.sleep(0.15)
            self.kill_daemon()
        outcome = self.tool.outcome(deployment)
        self.note(f"its end ({outcome})")
        self.outcomes[f"{bad or 'sound'}: {outcome}"] += 1
        if killed and not in_the_middle:
            self.kill_daemon()

    def kill_daemon(self):
        self.note("kill of the daemon")
        self.tool.kill_daemon()
        self.tool.launch()
        self.kills += 1


def our_turn(kind, folder, options):
    server = Server(folder)
    tool = kind(folder)
    tool.server, tool.within = server, options.ready_within
    tool.env.update(server.env(server.passed))
    app = App("web", server.argv("web.js"), user_code="web.js")
    try:
        tool.start([app])
        tool.wait_good()
        server.wait()
        with Load(server.port) as load:
            sleep_until(time.monotonic() + 1)
            course = Course(tool, server, options)
            course.run()
            sleep_until(load.began + options.requests / RATE + 0.5)
        result = Result(kind.name, f"{options.deployments} dep {course.crashes} cr "
                        f"{course.kills} kill", load, server)
        result.show()
        return course, result
    except harness.Timeout:
        print(f"---- the daemon's log\n{tool.daemon.log()[-6000:]}")
        raise
    finally:
        tool.close()


def peer_turn(kind, folder, options):
    server = Server(folder)
    place = folder / "code"
    place.mkdir()
    tool = kind(folder)
    tool.env.update(server.env())  # its apps inherit it
    restarts, crashes = PEER_RESTARTS, PEER_CRASHES
    try:
        argv = server.argv(server.write(place))
        tool.start([App("web", argv, ready=False, user_code="web.js")])
        server.wait()
        with Load(server.port) as load:
            sleep_until(time.monotonic() + 1)
            for number in range(restarts):
                tool.renew()
                server.wait()
                time.sleep(1)
                if number < crashes:
                    server.kill()
                    server.wait()
                    time.sleep(0.5)
            sleep_until(load.began + options.requests / RATE / 5)
        result = Result(kind.name, f"{restarts} restarts {crashes} cr", load, server)
        result.show()
    finally:
        tool.close()
        shutil.rmtree(place, ignore_errors=True)


def measure(tools, folder, ear, options):
    if why := missing("node"):
        return print(f"skipped: load: {why}")
    header(f"{RATE} requests a second, half of them on new connections")
    print("lost: no app ever had the connection. passed on: lastgood had taken it for an app that"
          "\nhad crashed. held: a process of the app had it and died. kept: a later request on a"
          " kept one.")
    print(f"\n{'':24} {'what happened':>20} {'requests':>9} {'failed':>8} {'new: lost':>9}"
          f" {'passed on':>9} {'held':>7} {'kept':>7} {'p99 ms':>8} {'slowest ms':>10}")
    ours = []
    for kind in (web.WebLastgood, web.AloneLastgood) if Lastgood in tools else ():
        place = folder / kind.name
        place.mkdir()
        ours.append(our_turn(kind, place, options))
    peers = [web.ForkPm2, web.ClusterPm2] if Pm2 in tools else []
    peers += [web.WebSupervisord] if Supervisord in tools else []
    for kind in [*peers, web.ServerStarter]:
        place = folder / kind.name.split(" ")[0]
        place.mkdir()
        if why := kind.why_not():
            print(f"skipped: {kind.name}: {why}")
        else:
            peer_turn(kind, place, options)
    for course, result in ours:
        show_ours(course, result, options)


def show_ours(course, result, options):
    print(f"\n{result.name}, its deployments: " + ", ".join(
        f"{count} {what}" for what, count in sorted(course.outcomes.items())))
    for name, failures in result.groups().items():
        print(f"  {name}: {kinds(failures)}")
    for began, count in bursts(result.lost + result.passed):
        print(f"  {count} of lost and passed on, from {(began - result.began) / 1e9:.2f} s on:"
              f" {course.before(began)}")
    if result.name == Lastgood.name:
        none = not result.lost and not result.passed
        enough = result.asked >= options.requests
        print(f"  new connections lost: promised: none of {result.asked:,}: {verdict(none)};"
              f" at least {options.requests:,} requests: {verdict(enough)}")
    else:
        print("  nothing is promised where nobody keeps the sockets of a killed daemon", flush=True)
