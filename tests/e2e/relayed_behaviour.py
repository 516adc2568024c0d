"""`lastgood relay`: webhooks by way of an event stream, verified by the receiver as ever."""

import json
import subprocess
import unittest
import uuid

import webhooks
from harness import (BINARY, ENVIRONMENT, ROOT, SECRET, Case, Timeout, free_port, text_of,
                     wait_until)
from sse_relay import Channel, kept_raw, rewritten

PAYLOADS = ROOT / "tests" / "data" / "payloads"


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


class Relayed(Case):
    def relay(self, channel, *, to=None):
        self.told_path = self.folder / "relay.log"
        with open(self.told_path, "ab") as told:
            process = subprocess.Popen(
                [BINARY, "relay", channel.url, "--to",
                 to or f"http://127.0.0.1:{self.hook_port}/hooks/backend"],
                env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=told, stderr=told,
            )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        channel.wait_connected()
        return process

    def wait_told(self, text, times=1):
        def told():
            return text_of(self.told_path).count(text) >= times

        try:
            wait_until(told, f"{text!r}")
        except Timeout as failure:
            raise Timeout(f"{failure} in {text_of(self.told_path)}") from None

    def post(self, channel, commit, *, secret=SECRET, delivery=None, body=None, event="push"):
        """What a forge sends to the relay's public address."""
        body = body or compact(webhooks.push_payload(commit, "refs/heads/main"))
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
            "X-Hub-Signature-256": webhooks.hub_signature(secret, body),
            "X-Forwarded-For": "192.0.2.7",
        }
        self.assertEqual((200, ""), webhooks.send(channel.port, "/channel", body, headers))

    def ready_channel(self, make=rewritten):
        channel = self.enterContext(Channel(make))
        self.first_good()
        self.relay(channel)
        return channel

    def test_a_push_goes_live_by_way_of_a_relay_that_rewrites_bodies(self):
        channel = self.ready_channel()
        commit = self.repo.commit("v2")
        payload = webhooks.push_payload(commit, "refs/heads/main")
        message = "Größe, \"quotes\", <b>&\u2028 \U0001f600 \t\n\x01"
        payload["head_commit"] = {"message": message, "n": -0.5}
        self.post(channel, commit, body=compact(payload))
        row = self.wait_good(commit)
        self.assertEqual("webhook", row["trigger"])
        self.wait_told("202 accepted")

    def test_a_wrong_signature_is_refused_at_the_receiver(self):
        channel = self.ready_channel()
        commit = self.repo.commit("v2")
        self.post(channel, commit, secret="another secret of thirty letters")
        self.wait_told("401 refused")
        self.wait_told("the secret at the forge is another one")
        self.assertEqual([], self.deployments_of(commit))

    def test_a_body_that_was_changed_on_the_way_is_refused_and_explained(self):
        channel = self.ready_channel()
        commit = self.repo.commit("v2")
        spaced = json.dumps(webhooks.push_payload(commit, "refs/heads/main"), indent=2).encode()
        self.post(channel, commit, body=spaced)
        self.wait_told("401 refused")
        self.wait_told("keeps no raw bytes")
        self.assertEqual([], self.deployments_of(commit))

    def test_a_relay_that_keeps_the_bytes_loses_none(self):
        channel = self.ready_channel(kept_raw)
        commit = self.repo.commit("v2")
        spaced = json.dumps(webhooks.push_payload(commit, "refs/heads/main"), indent=2).encode()
        self.post(channel, commit, body=spaced)
        self.wait_good(commit)

    def test_recorded_payloads_survive_the_way(self):
        """Of GitHub, Gitea and Gogs as recorded, made compact as their forges send them."""
        channel = self.ready_channel()
        sent = 0
        for path in sorted(PAYLOADS.glob("git[he]*-push*.json")):
            body = compact(json.loads(path.read_text("utf-8")))
            self.post(channel, "", body=body)
            sent += 1
        self.assertGreater(sent, 8)
        self.wait_told("push ", sent)
        told = text_of(self.told_path)
        self.assertNotIn(": 401", told)
        self.assertEqual(sent, told.count(": 200 ignored") + told.count(": 202 accepted"), told)

    def test_it_comes_back_and_takes_nothing_half_and_nothing_twice(self):
        channel = self.ready_channel()
        commit = self.repo.commit("v2")
        body = compact(webhooks.push_payload(commit, "refs/heads/main"))
        headers = {"content-type": "application/json", "x-github-event": "push",
                   "x-github-delivery": "one-delivery",
                   "x-hub-signature-256": webhooks.hub_signature(SECRET, body)}
        data = rewritten(headers, body)
        channel.say("{}")
        channel.send(f"data: {data[:-10]}")
        channel.hang_up()
        channel.wait_connected(2)
        self.assertEqual(["1"], channel.last_ids[1:])
        self.assertEqual([], self.deployments_of(commit))
        channel.say(data)
        channel.say(data)
        self.wait_good(commit)
        self.wait_told("200 duplicate")
        self.assertEqual(1, len(self.deployments_of(commit)))

    def test_an_event_without_end_ends_the_connection_and_not_the_relay(self):
        channel = self.ready_channel()
        process_line = "data: " + "x" * (1 << 20) + "\n"
        for _ in range(66):
            channel.send(process_line)
        self.wait_told("sends an event larger than 64.0MB")
        channel.hang_up()
        channel.wait_connected(2)
        commit = self.repo.commit("v2")
        self.post(channel, commit)
        self.wait_good(commit)

    def test_what_comes_while_the_daemon_is_away_waits_for_it(self):
        channel = self.ready_channel()
        self.daemon.stop()
        self.daemon.forget()  # nothing listens
        commit = self.repo.commit("v2")
        self.post(channel, commit, delivery="late")
        self.wait_told("trying again in")
        self.serve()
        self.wait_good(commit)
        # By the delivery, or by the poller's look at the daemon's start: both are there.
        self.wait(lambda: "late" in [row["id"] for row in self.deliveries()], "the delivery")

    def test_rubbish_is_left_out_and_told(self):
        channel = self.ready_channel()
        for data in ("[1,2]", "{\"x-github-event\":\"push\"}", "\"text\"", "{\"body\":{}"):
            channel.say(data)
        self.wait_told("left out", 4)
        commit = self.repo.commit("v2")
        self.post(channel, commit)
        self.wait_good(commit)

    def test_a_test_of_the_hook_is_followed_through_the_relay(self):
        channel = self.ready_channel()
        done = self.cli("webhook", "test", "backend", "--url", channel.url)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("passed it on", done.stdout)
        self.wait_told("200 ignored: ping")

    def test_a_test_of_the_hook_fails_where_nobody_listens_to_the_relay(self):
        channel = self.enterContext(Channel())
        self.serve_and_look()
        done = self.cli("webhook", "test", "backend", "--url", channel.url)
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        self.assertIn("that `lastgood relay` runs", done.stdout)

    def test_the_command_that_is_named_next_goes_by_the_same_address(self):
        self.write_config()
        done = self.cli("webhook", "register", "backend", "--url", "https://smee.example/x")
        self.assertIn("lastgood webhook test backend --url https://smee.example/x", done.stdout)

    def test_wrong_addresses_are_told_at_once(self):
        url = f"http://127.0.0.1:{free_port()}"
        for arguments, text in (
            (["relay", "smee.io/x", "--to", f"{url}/hooks"], "URL"),
            (["relay", url, "--to", f"{url}/elsewhere"], "/hooks/APP"),
            (["relay", url], "--to"),
        ):
            done = self.cli(*arguments)
            self.assertEqual(2, done.returncode, done)
            self.assertIn(text, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
