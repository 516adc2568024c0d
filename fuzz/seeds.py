#!/usr/bin/env python3
"""Makes the inputs that the fuzz targets begin with, from what is in the project: seeds.py FOLDER.
Each target gets FOLDER/TARGET/ and, where words help it, FOLDER/TARGET.dict."""

import json
import pathlib
import re
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
KEYS = ("ref after deleted head_commit id ref_type repository clone_url ssh_url git_url html_url "
        "project git_http_url git_ssh_url web_url url homepage checkout_sha object_kind event_name "
        "changes push new old type name target hash toHash links html self clone href data "
        "refs/heads/main refs/tags/v1 branch tag DELETE push tag_push repository_update "
        + "0" * 40 + " " + "a" * 40 + " " + "b" * 64).split()


def payloads():
    for path in sorted((ROOT / "tests" / "data" / "payloads").glob("*.json")):
        if path.name != "VECTORS.json":
            yield path.name.partition("-")[0], path.name, path.read_bytes()


def shortened(value):
    """The payload without the parts that nobody reads: small inputs are mutated faster."""
    if isinstance(value, dict):
        return {k: shortened(v) for k, v in value.items() if k in KEYS or k == "commits"}
    if isinstance(value, list):
        return [shortened(item) for item in value[:3]]
    return value


def message(headers, body):
    return "".join(f"{name}: {value}\n" for name, value in headers).encode() + b"\n" + body


def of_forge(forge, name, body):
    """[(target, headers)]"""
    identity = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
    if forge == "github":
        event = re.match(r"github-(push|ping|delete)", name)[1]
        yield "github", [("x-github-event", event), ("x-github-delivery", identity)]
        if event == "push":
            yield "standard", [("webhook-id", identity), ("webhook-event", "push")]
    elif forge == "gitlab":
        event = "System Hook" if "system" in name else "Tag Push Hook" if "-tag" in name else "Push Hook"
        yield "gitlab", [("x-gitlab-event", event), ("webhook-id", identity)]
        yield "gitlab_token", [("x-gitlab-event", event), ("x-gitlab-event-uuid", identity)]
    elif forge in ("gitea", "gogs"):
        for sender in ("gitea", "forgejo", "gogs"):
            yield sender, [(f"x-{sender}-event", "push"), (f"x-{sender}-delivery", identity)]
    else:
        cloud = forge == "bitbucket"
        yield "bitbucket", [("x-event-key", "repo:push" if cloud else "repo:refs_changed"),
                            ("x-request-uuid" if cloud else "x-request-id", identity)]


def etcd():
    """Answers, a watch, keys with their values, and messages of the agent, from the unit tests."""
    for name in ("etcd_json", "values", "channel"):
        text = (ROOT / "tests" / "fleet" / f"{name}_test.cpp").read_text("utf-8")
        for literal in re.findall(r'R"\((.*?)\)"', text):
            yield literal.encode()
    commit, at = "a" * 40, "2026-05-01T12:00:00.000Z"
    wish = {"id": "w", "number": 1, "commit": commit, "trigger": "cli", "at": at, "previous": commit}
    rollout = {"wish": "w", "number": 1, "state": "waves", "epoch": 7, "transaction": "7-1",
               "canaries": ["a"], "wave": ["b"], "lost": ["c"], "failures": {"d": {"proof": True}}}
    host = {"commit": commit, "state": "running", "health": "ok", "outcome": "good", "wish": "w",
            "granted": commit, "seen": {"number": 1, "id": "w", "commit": commit, "at": at},
            "refusal": {"up_to": 3, "reason": "paused"}}
    memory = {"lease": 7, "apps": {"web": {"cluster": "9", "revision": 3, "order": 1, "outcome": "none"}}}
    event = {"result": {"header": {"revision": "9"}, "watch_id": "1", "events": [
        {"kv": {"key": "YQ==", "value": "dg==", "mod_revision": "9"}}]}}
    for value in (wish, rollout, host, memory, event):
        yield json.dumps(value).encode() + b"\n"
    for key, value in (("apps/web/wish", wish), ("apps/web/rollout", rollout), ("hosts/h/apps/web", host)):
        yield key.encode() + b"\n" + json.dumps(value).encode()


def seeds():
    """(target, bytes)"""
    for forge, name, body in payloads():
        small = json.dumps(shortened(json.loads(body))).encode()
        for text in (body, small):
            form = urllib.parse.urlencode({"payload": text}).encode()
            for target, headers in of_forge(forge, name, text):
                yield f"payload_{target}", message([("content-type", JSON), *headers], text)
                if target in ("github", "gitea", "forgejo", "gogs"):
                    yield f"payload_{target}", message([("content-type", FORM), *headers], form)
    push = b'{"type":"push","data":{"ref":"refs/heads/main","after":"%s"}}' % (b"a" * 40)
    yield "payload_standard", message([("webhook-id", "msg_1")], push)
    yield from (("signature", seed) for seed in signatures())
    yield from (("channel", json.dumps(seed).encode()) for seed in channel())
    yield from (("config", seed) for seed in configs())
    yield from (("control", seed) for seed in commands())
    yield from (("journal", json.dumps(seed).encode()) for seed in rows())
    yield from (("worker", json.dumps(seed).encode()) for seed in worker())
    yield from (("log_line", seed) for seed in log_lines())
    yield from (("etcd", seed) for seed in etcd())
    yield from (("request_head", bytes([cut]) + seed) for cut in (0, 7, 255) for seed in requests())


def signatures():
    hexed = "0123456789abcdef" * 4
    yield message([("x-hub-signature-256", f"sha256={hexed}"), ("x-hub-signature", f"sha256={hexed}"),
                   ("x-gitea-signature", hexed), ("x-forgejo-signature", hexed),
                   ("x-gogs-signature", hexed)], b"{}")
    yield message([("x-gitea-signature", ""), ("content-type", FORM)], b"payload=%7b%7d")
    yield message([("x-gitlab-token", "secret")], b"{}")
    yield message([("webhook-id", "a"), ("webhook-timestamp", "1744578123"),
                   ("webhook-signature", "v1,AAAA= v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=")],
                  b"{}")


def channel():
    yield {"type": "ready"}
    yield {"type": "log", "level": 2, "text": "a line"}
    yield {"type": "health", "seq": 7}
    yield {"type": "status", "seq": 8, "app": "shop", "id": "d-1"}
    yield {"type": "delivery", "seq": 9, "app": "shop", "sender": "192.0.2.1", "dropped": 0,
           "id": "d-1", "provider": "github", "event": "push", "kind": 0, "bytes": 123,
           "updates": [["refs/heads/main", "a" * 40], ["refs/heads/gone", None]],
           "repository": ["https://git.example/acme/shop.git"]}
    yield {"type": "delivery", "seq": 10, "app": None, "sender": "::1", "dropped": 3, "id": "é",
           "provider": "gitlab", "event": "Push Hook", "kind": 2, "bytes": 0, "updates": [],
           "repository": []}
    yield {"type": "replies", "list": [[1, 202, "{}"], [2, 503, ""]]}
    yield {"type": "settings", "apps": [{"app": "shop", "provider": "gitlab-token",
                                         "secrets": ["one", "two"], "allow_from": ["192.0.2.0/24"]}],
           "shared": {"provider": "standard", "secrets": []},
           "door": {"trusted_proxies": ["127.0.0.0/8", "::1"], "allow_from": [],
                    "bad_requests_per_minute": 60},
           "tls": {"cert": "", "key": ""}, "max_body": 1 << 20, "answer_max_ms": 8000}


def commands():
    yield b'{"commit":"3f2a1c0","force":true,"by":"ada"}'
    yield b'{"to":"' + b"a" * 40 + b'","id":"72d3162e-cc78"}'
    yield b"unix:1000:1000,100,300"


def rows():
    slot = {"commit": "a" * 40, "run": 7, "failures": 1, "ready": True}
    request = {"trigger": "webhook", "commit": "b" * 40, "delivery": "d-1", "by": "", "force": False,
               "over": [{"commit": "c" * 40, "delivery": "d-0"}]}
    yield {"paused": False, "stopped": False, "failed": False, "live": "a" * 40, "active": "blue",
           "runs": 9, "seen_tip": "b" * 40, "slots": {"blue": slot, "green": slot}, "waiting": None,
           "work": {"id": 3, "request": request, "commit": "b" * 40, "phase": "starting",
                    "start_attempts": 1, "fetch_failures": 0},
           "trial": {"deployment": 2, "commit": "a" * 40, "slot": "blue", "crashes": 1, "ran_ms": 5}}
    yield {"run": ["./app"], "build": ["make"], "paths": ["a/**"], "cache": [],
           "ready": {"kind": 0, "path": "/", "host": "", "port": 0, "after_ms": 1, "within_ms": 2}}


def worker():
    yield {"ok": False, "what": "the remote is away", "mend": "", "permanent": False}
    yield from ({"ok": True, "value": value} for value in (True, 7, None, "a" * 40, ["a", "b"]))
    yield {"ok": True, "value": {"tip": "a" * 40, "tip_tag": "", "live_known": True, "facts": [
        {"id": "a" * 40, "present": True, "is_commit": True, "on_ref": True,
         "ancestor_of_live": False, "ancestor_of": [False], "descends_from_live": True,
         "paths_changed": True, "skip_asked": False}]}}
    yield {"op": "list_tip", "remote": {"url": "/srv/a.git", "mirror": "/var/a", "ref": "main"}}


def log_lines():
    yield b"2026-05-01T12:00:00.123Z blue out | text"
    yield b"2026-05-01T12:00:00.124Z green err > a piece"
    yield b'{"time":"2026-05-01T12:00:00.123Z","slot":"blue","stream":"out","text":"a","partial":true}'
    yield b'{"time":"2026-05-01T12:00:00.123Z","level":"info","component":"daemon","text":"\\u0007"}'
    yield b"May  1 12:00:00 host app[7]: text"
    yield b'192.0.2.1 - - [01/May/2026:12:00:00 +0200] "GET / HTTP/1.1" 200 5'
    yield b'{"level":30,"time":1777629600123,"msg":"hello"}'


def configs():
    for path in (ROOT / "config").glob("*.yaml"):
        yield path.read_bytes()
    # The examples of the manual, and the files of the unit tests.
    for path in (ROOT / "docs").glob("*.md"):
        for block in re.findall(r"```ya?ml\n(.*?)```", path.read_text("utf-8"), re.S):
            yield block.encode()
    for path in (ROOT / "tests" / "config").glob("*_test.cpp"):
        for block in re.findall(r'R"\((.*?)\)"', path.read_text("utf-8"), re.S):
            yield block.encode()
    yield (b"webhook:\n  listen: 0.0.0.0:8787\n  secret_file: /secret\n  allow_from: [10.0.0.0/8]\n"
           b"apps:\n  a: &a\n    repo: /srv/a.git\n    run: [./a, --x]\n    poll: 10m\n"
           b"    ready: {http: /health, within: 30s}\n    listen: 127.0.0.1:80\n"
           b"  b:\n    <<: *a\n    webhook: {provider: standard, secret_file: /token}\n")


def requests():
    body = b'{"ref":"refs/heads/main"}'
    head = b"POST /hooks/backend HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    whole = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    yield whole
    yield whole * 2 + b"GET /later?a=b%20c HTTP/1.0\r\n\r\n"
    yield b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, close\r\n\r\n"
    yield b"HEAD /%2e%2e/%00 HTTP/1.1\r\nHost: x\r\n\r\nOPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n"
    yield head + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"
    yield head + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    yield head + b"Content-Length: 99999999\r\n\r\n"
    yield head + b"X-Long: " + b"y" * 1000 + b"\r\nContent-Length: 0\r\n\r\n"
    yield b"\r\nPUT /later HTTP/1.1\r\nHost: x\r\nRange: bytes=0-\r\nContent-Length: 1\r\n\r\nx"
    yield head + b"".join(b"X-%d: y\r\n" % i for i in range(16)) + b"\r\n"


def words(texts):
    escaped = (re.sub(r'[\\"]|[^ -~]', lambda c: f"\\x{ord(c[0]):02x}", text) for text in texts)
    return "".join(f'"{text}"\n' for text in escaped)


HTTP_WORDS = ("GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "PATCH ", "OPTIONS ", " HTTP/1.1\r\n",
              " HTTP/1.0\r\n", "Host: x\r\n", "\r\n\r\n", "Content-Length: ", "Expect: 100-continue\r\n",
              "Connection: close\r\n", "Transfer-Encoding: chunked\r\n", "X-Hub-Signature-256: ",
              "/later", "?a=b&c=%41", "%00", "%u0041", "Range: bytes=0-", "X-Forwarded-For: 1.2.3.4")


def config_words():
    schema = json.loads((ROOT / "config" / "lastgood.schema.json").read_text("utf-8"))
    found = set()

    def walk(value):
        if isinstance(value, dict):
            found.update(value.get("properties", ()))
            found.update(item for item in value.get("enum", ()) if isinstance(item, str))
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(schema)
    return sorted(found) + ["&a ", "*a", "<<: *a", "!!binary ", "? ", "- ", "|\n", ">-\n", "---\n",
                            "...\n", "%YAML 1.2\n", "{", "}", "[", "]", "/secret", "/token", "30s"]


def main():
    folder = pathlib.Path(sys.argv[1])
    numbers = {}
    for target, seed in seeds():
        number = numbers[target] = numbers.get(target, 0) + 1
        (folder / target).mkdir(parents=True, exist_ok=True)
        (folder / target / f"seed-{number}").write_bytes(seed)
    json_words = words([f'"{key}"' for key in KEYS] + ["refs/", "[]", "{}", "null", "\\u0000"])
    for target in numbers:
        if target.startswith("payload_"):
            (folder / f"{target}.dict").write_text(json_words)
    (folder / "request_head.dict").write_text(words(HTTP_WORDS))
    (folder / "config.dict").write_text(words(config_words()))


if __name__ == "__main__":
    main()
