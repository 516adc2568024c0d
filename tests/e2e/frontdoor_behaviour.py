"""The receiver as the internet meets it: HTTPS, one hook for many apps, secrets that change, its
sandbox, and a socket that outlives the daemon."""

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import threading
import unittest

import certificates
import webhooks
from harness import SECRET, Case, Daemon, free_port, processes_of, run, wait_until


class Https(Case):
    def default_config(self):
        config = super().default_config()
        self.cert, self.key = self.folder / "tls.crt", self.folder / "tls.key"
        self.install(*certificates.make_self_signed(self.folder, "first"))
        config["webhook"]["tls"] = {"cert": str(self.cert), "key": str(self.key)}
        return config

    def install(self, cert, key):
        """As a renewal does it: each file replaced, one after the other."""
        for source, target in ((cert, self.cert), (key, self.key)):
            shutil.copy(source, f"{target}.new")
            os.replace(f"{target}.new", target)

    def connect(self):
        context = ssl.create_default_context(cafile=str(self.cert))
        connection = http.client.HTTPSConnection("127.0.0.1", self.hook_port, timeout=10,
                                                 context=context)
        connection.connect()
        return connection

    @staticmethod
    def get(connection):
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        return response.status, response.read()

    @staticmethod
    def trusting():
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def served(self):
        """The name in the certificate that a new connection gets."""
        with socket.create_connection(("127.0.0.1", self.hook_port), timeout=10) as plain:
            with self.trusting().wrap_socket(plain) as wrapped:
                der = wrapped.getpeercert(binary_form=True)
        return re.search(rb"first|second|third", der).group().decode()

    def test_a_push_by_https_goes_live(self):
        commit = self.repo.commit("v1")
        self.serve()
        body = json.dumps(webhooks.push_payload(commit, "refs/heads/main")).encode()
        connection = self.connect()
        connection.request("POST", "/hooks/backend", body, {
            "Content-Type": "application/json", "X-GitHub-Event": "push",
            "X-GitHub-Delivery": "1", "X-Hub-Signature-256": webhooks.hub_signature(SECRET, body)})
        self.assertIn(connection.getresponse().status, (200, 202))
        self.wait_good(commit)

    def test_large_bodies_and_many_requests_on_one_connection(self):
        self.serve()
        connection = self.connect()
        for size in (1, 100, 16_384, 16_385, 70_000, 3_000_000):
            connection.request("POST", "/hooks/backend", b"x" * size)
            response = connection.getresponse()
            response.read()
            self.assertEqual(401, response.status, size)
        self.assertEqual(200, self.get(connection)[0])

    def test_a_renewed_certificate_is_served_without_a_restart(self):
        self.serve()
        kept = self.connect()
        self.assertEqual(200, self.get(kept)[0])
        self.assertEqual("first", self.served())
        self.install(*certificates.make_self_signed(self.folder, "second"))
        self.wait(lambda: self.served() == "second", "the new certificate")
        self.assertEqual(200, self.get(kept)[0], "an open connection is not disturbed")

    def test_a_pair_that_can_not_be_used_is_told_and_the_one_before_stays(self):
        self.serve()
        cert, _ = certificates.make_self_signed(self.folder, "second")
        _, key = certificates.make_self_signed(self.folder, "third")
        self.install(cert, key)
        self.wait(lambda: "the TLS key isn't that of the certificate" in self.daemon.log(), "the log")
        self.assertEqual("first", self.served())

    def test_old_protocols_and_plain_http_get_nothing(self):
        self.serve()
        context = self.trusting()
        with contextlib.suppress(ValueError):
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises(OSError):
            with socket.create_connection(("127.0.0.1", self.hook_port), timeout=10) as plain:
                context.wrap_socket(plain)
        with self.assertRaises((OSError, http.client.HTTPException)):
            webhooks.send(self.hook_port, "/healthz", None, {}, method="GET")
        self.assertEqual(200, self.get(self.connect())[0])

    def test_a_wrong_pair_is_a_fault_before_the_start(self):
        _, key = certificates.make_self_signed(self.folder, "second")
        shutil.copy(key, self.key)
        self.write_config()
        checked = self.cli("check")
        self.assertEqual(2, checked.returncode)
        self.assertRegex(checked.stderr, r"lastgood\.yaml:\d+:\d+: webhook\.tls: the TLS key isn't that")
        started = self.cli("serve")
        self.assertEqual(1, started.returncode, started.stderr)
        self.assertIn("webhook.tls: the TLS key isn't that of the certificate", started.stderr)


class ManyApps(Case):
    URL = "https://git.example.org/acme/shop.git"

    def setUp(self):
        super().setUp()
        # The payload names the repository by the address that the config has.
        for name, repo in (("web", None), ("other", "ssh://git@git.example.org/acme/other.git")):
            app = {**self.app_config(), "branch": "main"}
            app["listen"] = f"127.0.0.1:{free_port()}"
            if repo:
                app.update(repo=repo, poll="off")
            self.config["apps"][name] = app

    def send(self, commit, ref="refs/heads/main", delivery="d-1", secret=SECRET, event="push",
             urls=None):
        payload = webhooks.push_payload(commit, ref)
        payload["repository"] = urls or {"clone_url": f"file://{self.repo.path}"}
        body = json.dumps(payload).encode()
        status, text = webhooks.send(self.hook_port, "/hooks", body, {
            "Content-Type": "application/json", "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery, "X-Hub-Signature-256": webhooks.hub_signature(secret, body)})
        return status, json.loads(text)

    def test_every_app_of_the_repository_is_deployed_and_no_other(self):
        self.serve()
        self.wait(lambda: self.daemon.log().count("branch main is not in") >= 2, "both pollers")
        commit = self.repo.commit("v1")
        status, answer = self.send(commit)
        self.assertEqual(202, status, answer)
        self.assertEqual({"backend": "accepted", "web": "accepted"}, answer["apps"])
        self.wait_good(commit, "backend")
        self.wait_good(commit, "web")
        rows = [row for row in self.deliveries() if row["id"] == "d-1"]
        self.assertEqual({"backend", "web"}, {row["app"] for row in rows})
        self.assertEqual((200, "duplicate"), self.outcome(self.send(commit)))

    @staticmethod
    def outcome(sent):
        return sent[0], sent[1]["status"]

    def test_what_concerns_no_app_is_recorded_and_ignored(self):
        self.serve()
        commit = self.repo.commit("v1")
        unknown = self.send(commit, urls={"clone_url": self.URL})
        self.assertEqual((200, "ignored"), self.outcome(unknown))
        self.assertIn("no app has this repository", unknown[1]["reason"])
        branch = self.send(commit, ref="refs/heads/topic", delivery="d-2")
        self.assertEqual((200, "ignored"), self.outcome(branch))
        ping = self.send(commit, delivery="d-3", event="ping")
        self.assertEqual((200, "ignored"), self.outcome(ping))
        self.assertEqual("ping", ping[1]["reason"])
        self.assertEqual({"d-1", "d-2", "d-3"}, {row["id"] for row in self.deliveries()})

    def test_its_secret_is_that_of_the_whole_receiver(self):
        own = "a secret of the app's own, of 34"
        self.app["webhook"] = {"secret": own}
        self.serve()
        commit = self.repo.commit("v1")
        self.assertEqual(401, self.send(commit, secret=own)[0])
        self.assertIn(self.send(commit)[0], (200, 202))


class Secrets(Case):
    def answer(self, secret, delivery):
        return webhooks.github(self.hook_port, "backend", secret, "1" * 40, event="ping",
                               delivery=delivery)[0]

    def test_a_secret_is_changed_without_a_gap_and_without_a_restart(self):
        self.serve()
        new = "another end-to-end secret, of 36 let"
        self.assertEqual(401, self.answer(new, "1"))
        (self.folder / "secret").write_text(f"{new}\n{SECRET}\n")
        self.wait(lambda: self.answer(new, "2") == 200, "the new secret")
        self.assertEqual(200, self.answer(SECRET, "3"), "the old one still counts")
        (self.folder / "secret").write_text(f"{new}\n")
        self.wait(lambda: self.answer(SECRET, "4") == 401, "the end of the old one")
        self.assertEqual(200, self.answer(new, "5"))

    def test_a_reload_takes_the_webhooks_part_of_the_config(self):
        self.serve()
        self.config["webhook"]["allow_from"] = ["192.0.2.0/24"]
        self.write_config()
        self.daemon.process.send_signal(1)
        self.wait(lambda: self.answer(SECRET, "1") == 403, "the new networks")
        self.config["webhook"]["allow_from"] = "nonsense"
        self.write_config()
        self.daemon.process.send_signal(1)
        self.wait(lambda: "nonsense is no network" in self.daemon.log(), "the fault to be told")
        self.assertEqual(403, self.answer(SECRET, "2"), "what was before stays")


class FullDisk(Case):
    """The state on a small disk of its own."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("only root can mount")
        self.state.mkdir()
        done = run("mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "lastgood", self.state)
        if done.returncode != 0:
            self.skipTest(f"no tmpfs here: {done.stderr.strip()}")
        # After the daemon's end, which is cleaned up first.
        self._cleanups.insert(0, (run, ("umount", "-l", self.state), {}))

    def ping(self, delivery):
        body = json.dumps(webhooks.push_payload("1" * 40, "refs/heads/topic")).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.hook_port, timeout=20)
        connection.request("POST", "/hooks/backend", body, {
            "Content-Type": "application/json", "X-GitHub-Event": "push",
            "X-GitHub-Delivery": delivery,
            "X-Hub-Signature-256": webhooks.hub_signature(SECRET, body)})
        response = connection.getresponse()
        response.read()
        connection.close()
        return response

    def test_what_can_not_be_recorded_is_to_be_sent_again(self):
        self.serve_and_look()
        self.assertEqual(200, self.ping("before").status)
        with open(self.state / "ballast", "wb", buffering=0) as ballast:
            with contextlib.suppress(OSError):
                while True:
                    ballast.write(b"x" * 4096)
        number = iter(range(10_000))
        refused = self.wait(
            lambda: next((r for r in [self.ping(f"during-{next(number)}")] if r.status != 200), None),
            "the disk to refuse")
        self.assertEqual(503, refused.status)
        self.assertTrue(refused.getheader("Retry-After"))
        status = webhooks.send(self.hook_port, "/healthz", None, {}, method="GET")[0]
        self.assertEqual(503, status)
        os.unlink(self.state / "ballast")
        self.wait(lambda: self.ping(f"after-{next(number)}").status == 200, "records again")
        self.assertEqual("before", self.deliveries()[-1]["id"])


class Sandbox(Case):
    def receiver(self):
        found = [pid for pid, command in processes_of(self.folder).items() if "serve" in command]
        children = run("pgrep", "-P", str(self.daemon.pid), "-f", " receiver$").stdout.split()
        self.assertTrue(found and children)
        return int(children[0])

    def test_the_running_receiver_has_given_everything_up(self):
        self.serve()
        pid = self.receiver()
        with open(f"/proc/{pid}/status") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        self.assertEqual("1", status["NoNewPrivs"])
        if "the sandbox is without seccomp" not in self.daemon.log():
            self.assertEqual("2", status["Seccomp"])
        for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
            self.assertEqual(0, int(status[name], 16), name)
        if os.geteuid() == 0:
            self.assertEqual(1, len(set(status["Uid"].split())))
            self.assertNotEqual("0", status["Uid"].split()[0])
            self.assertEqual("", status["Groups"].strip())
        with open(f"/proc/{pid}/limits") as file:
            limits = file.read()
        self.assertRegex(limits, r"Max core file size\s+0\s+0")
        self.assertNotRegex(limits, r"Max data size\s+unlimited")
        tasks = os.listdir(f"/proc/{pid}/task")
        for task in tasks:
            with open(f"/proc/{pid}/task/{task}/status") as file:
                self.assertIn("NoNewPrivs:\t1", file.read())

    def test_it_holds_no_file_but_its_sockets(self):
        self.serve()
        pid = self.receiver()
        held = {os.readlink(f"/proc/{pid}/fd/{fd}").split(":")[0]
                for fd in os.listdir(f"/proc/{pid}/fd") if fd != "2"}
        self.assertLessEqual(held, {"socket", "anon_inode", "/dev/null"})


class AcrossRestarts(Case):
    def restarted(self, kept):
        """A daemon that gets the kept socket back, as the service manager hands it over."""
        self.daemon.forget()  # the apps' own: here they would only block the port
        fd = kept.fileno()
        shell = f'exec 3<&{fd}; LISTEN_FDS=1 LISTEN_FDNAMES=webhook LISTEN_PID=$$ exec "$@"'
        self.daemon.argv = ["/bin/sh", "-c", shell, "sh", *self.daemon.argv]
        self.daemon.pass_fds = (fd,)
        self.daemon.start()

    def test_who_waits_while_the_daemon_is_away_is_answered_by_the_next(self):
        self.serve()
        self.assertIn("webhook", self.daemon.kept)
        kept = self.daemon.kept.pop("webhook")
        self.addCleanup(kept.close)
        for end in (self.daemon.kill, self.daemon.stop):
            end()
            answers = []
            senders = [threading.Thread(target=lambda: answers.append(webhooks.github(
                self.hook_port, "backend", SECRET, "1" * 40, event="ping")[0])) for _ in range(20)]
            for sender in senders:
                sender.start()
            wait_until(lambda: self.waiting(kept) >= 20, "all to be in the backlog")
            self.restarted(kept)
            for sender in senders:
                sender.join()
            self.assertEqual([200] * 20, answers)

    @staticmethod
    def waiting(listening):
        # tcpi_unacked of a listening socket is the length of its queue.
        return int.from_bytes(listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[24:28],
                              "little")

    def test_a_socket_of_systemd_is_used_and_without_one_it_says_so(self):
        self.config["webhook"]["listen"] = "systemd"
        self.write_config()
        alone = self.cli("serve")
        self.assertEqual(1, alone.returncode)
        self.assertIn("systemd passed no listening TCP socket", alone.stderr)
        with socket.socket() as passed:
            passed.bind(("127.0.0.1", self.hook_port))
            passed.listen()
            self.daemon = Daemon(self.config_path, self.folder)
            self.restarted(passed)
            status = webhooks.github(self.hook_port, "backend", SECRET, "1" * 40, event="ping")[0]
            self.assertEqual(200, status)



if __name__ == "__main__":
    unittest.main()
