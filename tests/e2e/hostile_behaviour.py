"""Strangers on the open internet: slow ones, large ones, many at once, and whatever bytes they
think of. Real senders go on being answered, and nothing is lost that was acknowledged."""

import base64
import collections
import concurrent.futures
import http.client
import json
import os
import pathlib
import random
import re
import select
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import unittest
import uuid

import hostile
import webhooks
from harness import APP_COMMAND, ENVIRONMENT, ROOT, SECRET, Case

SEED = int(os.environ.get("LASTGOOD_E2E_SEED", random.randrange(1 << 30)))
REQUESTS = int(os.environ.get("LASTGOOD_E2E_REQUESTS", "12000"))
KILLS = int(os.environ.get("LASTGOOD_E2E_KILLS", "50"))
TOKEN = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


class Strangers(Case):
    def peak_mb(self):
        """What the daemon and its receiver had resident at most, both together."""
        total = 0
        for pid in (self.daemon.pid, self.receiver_pid()):
            status = pathlib.Path(f"/proc/{pid}/status").read_text("ascii")
            total += int(re.search(r"VmHWM:\s+(\d+)", status)[1])
        return total / 1024

    def deliver(self, commit=None, **options):
        """A real delivery: (status, answer, seconds)."""
        begun = time.monotonic()
        status, body = webhooks.github(
            self.hook_port, "backend", SECRET, commit or os.urandom(20).hex(), **options
        )
        return status, json.loads(body), time.monotonic() - begun

    def stored_ids(self):
        """Every delivery of the journal, by its id."""
        database = sqlite3.connect(f"file:{self.state}/lastgood.db?mode=ro", uri=True)
        try:
            rows = database.execute("SELECT id FROM deliveries").fetchall()
            return collections.Counter(row[0] for row in rows)
        finally:
            database.close()


class Slow(Strangers):
    alone = True
    COUNT = 5000
    ROUNDS = 4

    def test_5000_slow_connections_keep_nobody_out(self):
        if hostile.raise_open_files() < self.COUNT + 100:
            self.skipTest("the hard limit of open files is too low")
        self.serve_and_look()
        took = {"small": [], "large": []}
        with hostile.CrowdProcess(self.hook_port, self.COUNT) as crowd:
            self.wait(lambda: crowd.rounds, "the crowd")
            while crowd.rounds < self.ROUNDS:
                for size in took:
                    payload = webhooks.push_payload(os.urandom(20).hex(), "refs/heads/main")
                    if size == "large":
                        payload["commits"] = ["x" * 150_000]
                    status, answer, seconds = self.deliver(payload=payload)
                    self.assertEqual(202, status, answer)
                    took[size].append(seconds)
            peak = self.peak_mb()
            told = crowd.end()
        slowest = {size: f"{max(all_of) * 1000:.0f} ms" for size, all_of in took.items()}
        print(f"@note {len(took['small'])} answers of each size, the slowest {slowest}, "
              f"{peak:.1f} MB; the crowd: {told}")
        self.assertLess(max(took["small"] + took["large"]), 5)  # GitHub waits for 10
        self.assertLess(peak, 128)


class Large(Strangers):
    def upload(self, megabytes, answers):
        """Sends until it is answered."""
        body = b"x" * (1 << 20)
        with socket.create_connection(("127.0.0.1", self.hook_port), 30) as client:
            client.sendall(
                b"POST /hooks/backend HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"X-GitHub-Event: push\r\nContent-Length: %d\r\n\r\n" % (megabytes << 20)
            )
            client.setblocking(False)
            left = megabytes << 20
            answer = b""
            while b"\r\n\r\n" not in answer:
                readable, writable, _ = select.select(
                    [client], [client] if left else [], [], 30)
                self.assertTrue(readable or writable, "neither read nor answered")
                if readable:
                    got = client.recv(4096)
                    if not got:
                        break
                    answer += got
                elif writable:
                    left -= client.send(body[: min(len(body), left)])
        answers.append(answer)

    def upload_8(self, megabytes):
        """(answers, the real deliveries meanwhile)"""
        answers = []
        real = []
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            uploads = [pool.submit(self.upload, megabytes, answers) for _ in range(8)]
            while not all(upload.done() for upload in uploads):
                real.append(self.deliver())
            for upload in uploads:
                upload.result()
        for status, answer, _ in real:
            self.assertEqual(202, status, answer)
        return [int(answer.split()[1]) for answer in answers], real

    def test_8_bodies_of_100_megabytes_are_refused_by_their_announcement(self):
        self.serve_and_look()
        self.deliver()
        before = self.peak_mb()
        answers, _ = self.upload_8(100)
        self.assertEqual([413] * 8, answers)
        grown = self.peak_mb() - before
        print(f"@note 8 × 100 MB: {grown:.1f} MB more")
        self.assertLess(grown, 8)

    def test_8_unsigned_bodies_of_20_megabytes_are_held_within_bounds(self):
        self.serve_and_look()
        answers, real = self.upload_8(20)
        self.assertEqual([401] * 8, answers)
        peak = self.peak_mb()
        slowest = max(took for _, _, took in real)
        print(f"@note 8 × 20 MB: {peak:.1f} MB, {len(real)} real deliveries meanwhile, the "
              f"slowest {slowest * 1000:.0f} ms")
        self.assertLess(peak, 192)
        self.assertLess(slowest, 2)


class Killed(Strangers):
    SENDERS = 4
    KILLS_PER_DAEMON = 4  # each waits twice as long for its successor as the one before

    def setUp(self):
        super().setUp()
        self.acknowledged = {}  # id: status
        self.others = []
        self.resent = 0
        self.end = threading.Event()
        # Refused again and again, a sender would get the free port itself, and talk to itself.
        self.up = threading.Event()
        self.up.set()
        self.draw = random.Random(SEED)

    def send_again_and_again(self, number):
        """As a sender that believes an answer alone."""
        count = 0
        while not self.end.is_set():
            count += 1
            identity = f"load-{number}-{count}"
            while not self.end.is_set():
                try:
                    status, answer, _ = self.deliver(delivery=identity)
                except (OSError, http.client.HTTPException):
                    status = None
                if status in (None, 503):  # killed, or being stopped
                    self.resent += 1
                    self.up.wait(30)
                    continue
                if status in (200, 202):
                    self.acknowledged[identity] = status
                else:
                    self.others.append((status, answer))
                break

    def kill_receiver(self, number):
        """In the midst of its work; True if what was sent then had to wait for the next one."""
        goal = len(self.acknowledged) + self.draw.randrange(1, 16)
        self.wait(lambda: len(self.acknowledged) >= goal, "the load to go on")
        pid = self.wait(self.receiver_pid, "a receiver")
        died = os.pidfd_open(pid)
        try:
            os.kill(pid, signal.SIGKILL)
            select.select([died], [], [], 20)
        finally:
            os.close(died)
        identity = f"waiting-{number}"
        body = json.dumps(webhooks.push_payload("c" * 40, "refs/heads/other")).encode()
        with socket.create_connection(("127.0.0.1", self.hook_port), 20) as client:
            client.sendall(
                b"POST /hooks/backend HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"X-GitHub-Event: push\r\nX-GitHub-Delivery: %s\r\nX-Hub-Signature-256: %s\r\n"
                b"Connection: close\r\nContent-Length: %d\r\n\r\n%s"
                % (identity.encode(), webhooks.hub_signature(SECRET, body).encode(), len(body),
                   body))
            waited = self.receiver_pid() is None
            answer = client.recv(4096)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        self.acknowledged[identity] = 200
        return waited

    def test_nothing_acknowledged_is_lost_when_the_receiver_is_killed(self):
        self.serve_and_look()
        waited = killed = 0
        with concurrent.futures.ThreadPoolExecutor(self.SENDERS) as pool:
            senders = [pool.submit(self.send_again_and_again, n) for n in range(self.SENDERS)]
            try:
                while killed < KILLS:
                    if killed and killed % self.KILLS_PER_DAEMON == 0:
                        self.up.clear()
                        self.assertEqual(0, self.daemon.stop())
                        self.daemon.forget()  # no service manager keeps its socket
                        self.daemon.start()
                        self.up.set()
                    waited += self.kill_receiver(killed)
                    killed += 1
            finally:
                self.end.set()
                self.up.set()
            for sender in senders:
                sender.result()
        stored = self.stored_ids()
        accepted = sum(status == 202 for status in self.acknowledged.values())
        print(f"@note {killed} kills, {accepted} of {len(self.acknowledged)} acknowledged with "
              f"202, {self.resent} sent again, {waited} waited in the backlog")
        self.assertEqual([], self.others[:5], f"seed {SEED}")
        self.assertEqual([], [i for i in self.acknowledged if stored[i] != 1], f"seed {SEED}")
        self.assertGreaterEqual(waited, KILLS * 0.8)
        status, answer, _ = self.deliver()
        self.assertEqual(202, status, answer)


class Many(Strangers):
    COMMITS = 100
    TIMES = 10
    THREADS = 64

    def commits(self):
        """Real ones, the oldest first, and the branch at the last of them."""
        app = (ROOT / "tests" / "e2e" / "app" / "server.py").read_bytes()
        stream = b""
        for number in range(1, self.COMMITS + 1):
            behaviour = json.dumps({"version": f"v{number}"}).encode()
            stream += b"commit refs/heads/main\nmark :%d\n" % number
            stream += b"committer Ada <ada@example.org> %d +0000\n" % (1_700_000_000 + number)
            stream += b"data 2\nv\n"
            stream += b"from :%d\n" % (number - 1) if number > 1 else b""
            for name, content in ((b"app.py", app), (b"behaviour.json", behaviour)):
                stream += b"M 100644 inline %s\ndata %d\n%s\n" % (name, len(content), content)
        marks = self.folder / "marks"
        subprocess.run(
            ["git", "--git-dir", self.repo.path, "fast-import", "--quiet",
             f"--export-marks={marks}"], env=ENVIRONMENT, input=stream, check=True, timeout=60)
        named = dict(line.split() for line in marks.read_text("ascii").splitlines())
        return [named[f":{number}"] for number in range(1, self.COMMITS + 1)]

    def test_1000_deliveries_of_100_pushes_at_once_end_at_the_newest_commit(self):
        self.serve_and_look()
        commits = self.commits()
        jobs = [(f"push-{n}", commit) for n, commit in enumerate(commits)] * self.TIMES
        random.Random(SEED).shuffle(jobs)
        with concurrent.futures.ThreadPoolExecutor(self.THREADS) as pool:
            answers = list(pool.map(lambda job: self.deliver(job[1], delivery=job[0]), jobs))
        told = collections.Counter((status, answer["status"]) for status, answer, _ in answers)
        slowest = max(took for _, _, took in answers)
        print(f"@note {len(jobs)} deliveries, the slowest {slowest * 1000:.0f} ms: {dict(told)}")
        self.assertLessEqual(set(told), {(202, "accepted"), (200, "duplicate"), (200, "ignored")})
        duplicates = self.COMMITS * (self.TIMES - 1)
        self.assertEqual(duplicates, told[200, "duplicate"], f"seed {SEED}")
        self.assertEqual({f"push-{n}": 1 for n in range(self.COMMITS)}, dict(self.stored_ids()))
        self.wait(lambda: self.status()["commit"] == commits[-1]
                  and self.status()["state"] == "running"
                  and not self.status()["deployment"], f"the newest commit, seed {SEED}", 40)
        self.assertEqual(f"v{self.COMMITS}", self.version())


class Tampered(Strangers):
    """Requests that were drawn, from valid ones to noise. One of a seed can be drawn again."""

    def setUp(self):
        super().setUp()
        (self.folder / "token").write_text(TOKEN + "\n")
        (self.folder / "token").chmod(0o600)
        for provider in ("github", "gitlab", "gitea", "bitbucket", "standard"):
            self.config["apps"][provider] = app = {
                "repo": str(self.repo.path), "run": APP_COMMAND, "poll": "1h",
                "webhook": {"provider": provider}}
            if provider in ("gitlab", "standard"):
                app["webhook"]["secret_file"] = str(self.folder / "token")
        self.config["log"]["level"] = "info"
        payloads = [(path.name.partition("-")[0], path.read_bytes())
                    for path in sorted((ROOT / "tests" / "data" / "payloads").glob("*.json"))
                    if path.name != "VECTORS.json" and path.stat().st_size < 15_000]
        names = {"gogs": "gitea", "bitbucketserver": "bitbucket"}
        self.forger = hostile.Forger(
            SEED, SECRET, TOKEN, [(names.get(forge, forge), body) for forge, body in payloads])
        self.client = None
        self.told = collections.Counter()

    def test_no_request_crashes_the_receiver_or_is_answered_5xx(self):
        self.serve_and_look()
        pid = self.receiver_pid()
        try:
            for number in range(REQUESTS):
                raw, whole, head = self.forger.request(number)
                try:
                    self.send(number, raw, whole, head)
                except AssertionError as failure:
                    raise AssertionError(
                        f"{failure}\nseed {SEED}, request {number}: {raw[:3000]!r}") from None
        finally:
            self.hang_up()
        self.assertEqual(pid, self.receiver_pid(), f"seed {SEED}: {self.daemon.log()[-3000:]}")
        status, answer, _ = self.deliver()
        self.assertEqual(202, status, answer)
        print(f"@note {REQUESTS} requests of seed {SEED}: {dict(sorted(self.told.items()))}")
        for status in (200, 400, 401, 404, 405, 413, 415, 431):
            self.assertGreater(self.told[status], 0, f"no {status} in seed {SEED}")

    def send(self, number, raw, whole, head):
        if self.client is None:
            self.client = hostile.from_address(number)
            self.client.settimeout(20)
            self.client.connect(("127.0.0.1", self.hook_port))
        try:
            self.client.sendall(raw)
            if not whole:
                self.client.shutdown(socket.SHUT_WR)
        except OSError:
            whole = False  # it has said no already
        answered, stays = self.read_answers(whole, head)
        if whole:
            self.assertTrue(answered, "no answer")
        if not stays:
            self.hang_up()

    def read_answers(self, one, head):
        """To the end of the stream, or of one answer: (was there any, does the connection stay)."""
        text = b""
        try:
            while not (one and is_whole(text, head)):
                got = self.client.recv(65536)
                if not got:
                    break
                text += got
            else:
                got = True
        except ConnectionError:
            got = b""
        except TimeoutError:
            self.fail(f"neither an answer nor an end, but {text!r}")
        if text:
            self.assertTrue(text.startswith(b"HTTP/1.1 "), text)
        statuses = [int(found) for found in re.findall(rb"HTTP/1\.1 (\d\d\d) ", text)]
        for status in statuses:
            self.assertLess(status, 500, text)
        self.told.update(statuses)
        return bool(text), one and bool(got) and b"Connection: close" not in text

    def hang_up(self):
        if self.client:
            self.client.close()
        self.client = None


def is_whole(text, head):
    while text.startswith(b"HTTP/1.1 100 "):
        text = text.partition(b"\r\n\r\n")[2]
    block, end, body = text.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: (\d+)", block)
    return bool(end) and (head or len(body) >= int(length[1] if length else 0))


class Door(Strangers):
    """Who may come in, and what is written about those who may not."""

    def ask(self, body=b"{}", path="/hooks/backend", client=None, **headers):
        """(status, headers) of a request that a proxy passed on."""
        connection = http.client.HTTPConnection("127.0.0.1", self.hook_port, timeout=10)
        try:
            sent = {"Content-Type": "application/json", "X-GitHub-Event": "push", **headers}
            if client:
                sent["X-Forwarded-For"] = client
            connection.request("POST", path, body, sent)
            response = connection.getresponse()
            response.read()
            return response.status, response.headers
        finally:
            connection.close()

    def signed(self, commit, client, delivery=None):
        body = json.dumps(webhooks.push_payload(commit, "refs/heads/main")).encode()
        return self.ask(body, client=client, **{
            "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
            "X-Hub-Signature-256": webhooks.hub_signature(SECRET, body)})

    def test_an_address_with_too_many_bad_requests_is_turned_away_alone(self):
        self.config["webhook"]["bad_requests"] = 20
        self.serve_and_look()
        bad = [self.ask(client="203.0.113.9") for _ in range(25)]
        self.assertEqual([401] * 20, [status for status, _ in bad[:20]])
        # One may have been forgiven meanwhile.
        self.assertIn(429, [status for status, _ in bad[20:22]])
        status, headers = bad[-1]
        self.assertEqual(429, status)
        self.assertGreater(int(headers["Retry-After"]), 0)
        self.assertEqual(429, self.signed("a" * 40, "203.0.113.9")[0])
        self.assertEqual(429, self.signed("a" * 40, "198.51.100.1, 203.0.113.9")[0])
        self.assertEqual(401, self.ask(client="203.0.113.10")[0])
        self.assertEqual(202, self.signed("a" * 40, "203.0.113.10")[0])
        self.assertEqual(202, self.deliver()[0])
        # The proxy itself is never barred.
        for _ in range(25):
            self.assertEqual(401, self.ask()[0])
        self.assertEqual(202, self.deliver()[0])

    def test_only_listed_networks_may_send(self):
        self.config["webhook"]["allow_from"] = ["198.51.100.0/24", "2001:db8::/32"]
        self.serve_and_look()
        for client in ("203.0.113.9", "198.51.101.1", "2001:db9::1", "198.51.100.1, 203.0.113.9"):
            self.assertEqual(403, self.signed("a" * 40, client)[0], client)
        self.assertEqual(403, self.ask()[0])
        for number, client in enumerate(("198.51.100.7", "2001:db8::7", "::ffff:198.51.100.8")):
            self.assertEqual(202, self.signed(f"{number + 1:040d}", client)[0], client)

    def test_no_request_writes_a_line_of_the_log(self):
        for form in ("text", "json"):
            with self.subTest(form):
                if self.daemon:
                    self.daemon.stop()
                    for path in (self.daemon.log_path, *self.state.glob("**/*.log")):
                        path.unlink()
                self.config["log"] = {"level": "debug", "format": form}
                self.serve()
                self.send_forgeries()
                self.check_lines(form)

    def send_forgeries(self):
        line = "2026-01-01T00:00:00.000Z error forged | you were had"
        encoded = line.replace(" ", "%20")
        for path in (f"/hooks/%0a{encoded}", f"/hooks/backend%0d%0a{encoded}", "/hooks/%1b[2Jforged",
                     "/hooks/forged%c2%9b2J", "/hooks/%e2%80%aeforged", "/hooks/forged%ff%fe"):
            self.assertIn(self.ask(path=path)[0], (400, 401))
        for raw in (b"\x1b[2Jforged", b"a\nforged", b"a\r\nX-Forwarded-For: forged", b"forged\x7f"):
            with socket.create_connection(("127.0.0.1", self.hook_port), 10) as client:
                client.sendall(b"POST /hooks/backend HTTP/1.1\r\nHost: x\r\nX-GitHub-Delivery: "
                               + raw + b"\r\nContent-Length: 0\r\n\r\n")
                self.assertRegex(client.recv(4096), rb"^HTTP/1\.1 40[01] ")
        for client in ("forged", "203.0.113.9 forged", "\tforged"):
            self.assertEqual(401, self.ask(client=client)[0])
        # Signed, because a forge passes on what its users write.
        escapes = ["\x1b[2J", "\n" + line, "\r", "\u009b2J", "\u0085", "\u2028", "\u202e", "\x7f"]
        for number, escape in enumerate(escapes):
            status, answer, _ = self.deliver(
                "a" * 40, ref=f"refs/heads/forged{escape}", delivery=f"forged-{number}-{uuid.uuid4()}")
            self.assertIn(status, (200, 400), answer)
            payload = {"ref": f"forged{escape}", "after": f"forged{escape}"}
            self.assertEqual(400, self.deliver(payload=payload)[0])
        self.assertEqual(400, self.deliver(delivery="forged\u00e9\u009b".encode().decode("latin-1"))[0])
        self.assertIn(self.deliver(event="forged\x85", payload={})[0], (200, 400))

    def check_lines(self, form):
        logs = [self.daemon.log_path, *self.state.glob("**/*.log")]
        self.assertGreater(len(logs), 1)
        lines = [line for path in logs for line in path.read_bytes().split(b"\n")[:-1]]
        self.assertTrue(any(b"forged" in line for line in lines), "nothing was written at all")
        listed = self.cli("deliveries")
        for line in lines + listed.stdout.encode().split(b"\n"):
            self.assertNotRegex(line, rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")
            line.decode()
        for line in lines:
            if form == "json":
                component = json.loads(line)["component"]
            else:
                found = re.match(rb"\d{4}-\d\d-\d\dT[\d:.]+Z \w+ ([\w-]+) \| ", line)
                self.assertTrue(found, line)
                component = found[1].decode()
            self.assertNotEqual("forged", component, line)


if __name__ == "__main__":
    unittest.main()
