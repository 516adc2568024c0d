"""Signed requests as the forges send them."""

import base64
import hashlib
import hmac
import http.client
import json
import time
import urllib.parse
import uuid

ZEROS = "0" * 40


def push_payload(commit, ref, before=ZEROS):
    return {
        "ref": ref,
        "before": before,
        "after": commit,
        "created": before == ZEROS,
        "deleted": commit == ZEROS,
        "repository": {"full_name": "acme/backend", "clone_url": "https://192.0.2.1/never.git"},
        "pusher": {"name": "ada"},
    }


def hub_signature(secret, body):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def send(port, path, body, headers, method="POST", timeout=15):
    """(status, text)"""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    finally:
        connection.close()


def github(port, app, secret, commit, ref="refs/heads/main", *, before=ZEROS, delivery=None,
           event="push", form=False, signature=None, payload=None):
    body = json.dumps(payload or push_payload(commit, ref, before)).encode()
    kind = "application/json"
    if form:
        body = urllib.parse.urlencode({"payload": body.decode()}).encode()
        kind = "application/x-www-form-urlencoded"
    headers = {
        "Content-Type": kind,
        "User-Agent": "GitHub-Hookshot/test",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
        "X-Hub-Signature-256": signature or hub_signature(secret, body),
    }
    if signature == "":
        del headers["X-Hub-Signature-256"]
    return send(port, f"/hooks/{app}", body, headers)


def gitlab_payload(commit, ref):
    return {
        "object_kind": "push",
        "event_name": "push",
        "before": ZEROS,
        "after": commit,
        "checkout_sha": commit,
        "ref": ref,
        "project": {"path_with_namespace": "acme/backend"},
    }


def gitlab_token(port, app, token, commit, ref="refs/heads/main", delivery=None):
    headers = {
        "Content-Type": "application/json",
        "X-Gitlab-Event": "Push Hook",
        "X-Gitlab-Token": token,
        "X-Gitlab-Event-UUID": delivery or str(uuid.uuid4()),
    }
    return send(port, f"/hooks/{app}", json.dumps(gitlab_payload(commit, ref)).encode(), headers)


def gitlab_signed(port, app, secret, commit, ref="refs/heads/main", delivery=None, at=None):
    """The signing token, Standard Webhooks: `secret` is `whsec_` and base64."""
    body = json.dumps(gitlab_payload(commit, ref)).encode()
    identity = delivery or str(uuid.uuid4())
    moment = str(int(time.time() if at is None else at))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{identity}.{moment}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    headers = {
        "Content-Type": "application/json",
        "X-Gitlab-Event": "Push Hook",
        "webhook-id": identity,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{signature}",
    }
    return send(port, f"/hooks/{app}", body, headers)


def gitea(port, app, secret, commit, ref="refs/heads/main", *, forge="Gitea", form=False):
    """Gitea, Forgejo and Gogs sign the JSON, also where they send it inside a form."""
    body = json.dumps(push_payload(commit, ref)).encode()
    headers = {
        "Content-Type": "application/json",
        f"X-{forge}-Event": "push",
        f"X-{forge}-Delivery": str(uuid.uuid4()),
        f"X-{forge}-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }
    if form:
        body = urllib.parse.urlencode({"payload": body.decode()}).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return send(port, f"/hooks/{app}", body, headers)


def bitbucket(port, app, secret, branches, event="repo:push"):
    """A push of Bitbucket Cloud that moves each branch to its commit."""
    changes = [
        {"old": None, "new": {"type": "branch", "name": name, "target": {"hash": commit}}}
        for name, commit in branches.items()
    ]
    payload = {"test": True} if event == "diagnostics:ping" else {"push": {"changes": changes}}
    body = json.dumps(payload).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Event-Key": event,
        "X-Request-UUID": str(uuid.uuid4()),
        "X-Hub-Signature": hub_signature(secret, body),
    }
    return send(port, f"/hooks/{app}", body, headers)
