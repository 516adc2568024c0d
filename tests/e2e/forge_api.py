"""A forge in the test: its API for webhooks in the dialects of GitHub, GitLab and Gitea (Forgejo),
the repository over smart HTTP, and signed deliveries that it really sends to the hooks it was given.

    with ForgeApi("github", token="t0ken", repos=folder) as forge:
        config["repo"] = forge.repo_url("backend")      # http://127.0.0.1:PORT/acme/backend.git
        ...                                             # lastgood webhook register backend
        forge.push(commit)                              # to every hook; [(status, text)]

What it answers is what the forges document: codes, fields, paging, masked secrets.
"""

import base64
import hashlib
import hmac
import http.client
import http.server
import json
import re
import selectors
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse
import uuid

from certificates import make_signed
from harness import ENVIRONMENT
from forge_statuses import Statuses
from webhooks import gitlab_payload, hub_signature, push_payload

API_PATH = {"github": "/api/v3", "gitlab": "/api/v4", "gitea": "/api/v1", "forgejo": "/api/v1"}


def utc(moment):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def make_certificate(folder, name, hosts="DNS:localhost,IP:127.0.0.1", expired=False):
    """Signed by the CA in `folder`: an ssl.SSLContext of a server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_signed(folder, name, hosts, expired))
    return context


class Served:
    """An HTTP server on a free port of 127.0.0.1, with `context` an HTTPS one."""

    def __init__(self, handler, context=None):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                handler(self, body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def setup(self):
                if context:  # on the connection's own thread: a bad handshake blocks nobody
                    self.request.settimeout(10)
                    self.request = context.wrap_socket(self.request, server_side=True)
                super().setup()

            def reply(self, status, body, headers=None):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                if status == 204:
                    data = b""
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):  # a client that refuses our certificate, say
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.scheme = "https" if context else "http"
        self.thread = threading.Thread(target=outer.server.serve_forever, args=(0.05,))

    def url(self, path="", host=None):
        host = host or ("localhost" if self.scheme == "https" else "127.0.0.1")
        return f"{self.scheme}://{host}:{self.port}{path}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class ForgeApi(Served, Statuses):
    def __init__(self, dialect, token="t0ken", repos=None, context=None, signs=True):
        super().__init__(self._answer, context)
        self.dialect = dialect
        self.token = token
        self.repos = repos  # folder with NAME.git, served as acme/NAME
        self.signs = signs  # GitLab: knows signing tokens
        self.hooks = {}
        self.attempts = []  # GitHub's log of deliveries, oldest first
        self.requests = []  # (method, path, headers)
        self.fail_next = None  # (status, body, headers)
        self.number = 100
        self.lock = threading.RLock()
        self.forget_statuses()

    def repo_url(self, name):
        return self.url(f"/acme/{name}.git")

    # ---- the API
    def _answer(self, request, body):
        path, _, query = request.path.partition("?")
        if ".git/" in path:
            return self._serve_git(request, path, query, body)
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self.lock:
            self.requests.append((request.command, request.path, headers))
            if self.fail_next:
                (status, answer, more), self.fail_next = self.fail_next, None
                return request.reply(status, answer, more)
            if not self._knows(headers):
                message = {"github": "Bad credentials", "gitlab": "401 Unauthorized"}
                return request.reply(401, {"message": message.get(self.dialect, "invalid token")})
            page = dict(urllib.parse.parse_qsl(query))
            status, answer, more = self._route(
                request.command, path, page, json.loads(body) if body else {}
            )
        return request.reply(status, answer, more)

    def _knows(self, headers):
        if self.dialect == "github":
            assert headers["accept"] == "application/vnd.github+json", headers
            assert headers["x-github-api-version"] == "2022-11-28", headers
            assert headers["user-agent"].startswith("lastgood/"), headers
            return headers.get("authorization") == f"Bearer {self.token}"
        if self.dialect == "gitlab":
            return headers.get("private-token") == self.token
        return headers.get("authorization") == f"token {self.token}"

    def _route(self, method, path, page, wish):
        project = "/projects/acme%2Fbackend" if self.dialect == "gitlab" else "/repos/acme/backend"
        root = API_PATH[self.dialect] + project + "/hooks"
        missing = 404, {"message": "Not Found"}, {}
        told = self.route_statuses(method, path.removeprefix(API_PATH[self.dialect] + project),
                                   page, wish)
        if told:
            return told
        found = re.fullmatch(re.escape(root) + r"(?:/(\d+))?(/deliveries(?:/(\d+)/attempts)?)?", path)
        if not found:
            return missing
        identity, log, attempt = found.groups()
        if identity and int(identity) not in self.hooks:
            return missing
        if log and self.dialect == "github":
            return self._log(method, int(identity), attempt, path, page)
        if not identity:
            return self._list(path, page) if method == "GET" else self._create(wish)
        if method == "DELETE":
            del self.hooks[int(identity)]
            return 204, None, {}
        if method == ("PUT" if self.dialect == "gitlab" else "PATCH"):
            self._set(self.hooks[int(identity)], wish)
            return 200, self._shown(self.hooks[int(identity)]), {}
        return 405, {"message": "Method Not Allowed"}, {}

    def _list(self, path, page):
        number = int(page.get("page", 1))
        asked = int(page.get("limit" if self.dialect in ("gitea", "forgejo") else "per_page", 30))
        size = min(asked, 50 if self.dialect in ("gitea", "forgejo") else 100)
        all_hooks = [self._shown(hook) for hook in self.hooks.values()]
        rows = all_hooks[(number - 1) * size : number * size]
        if self.dialect in ("gitea", "forgejo"):
            return 200, rows, {"X-Total-Count": str(len(all_hooks))}
        headers = {}
        if number * size < len(all_hooks):
            # Another host, as behind a proxy that nobody told the public name.
            place = f"http://internal.invalid{path}?per_page={size}&page="
            headers["Link"] = f'<{place}{number + 1}>; rel="next", <{place}9>; rel="last"'
        return 200, rows, headers

    def _create(self, wish):
        self.number += 1
        hook = {"id": self.number, "active": True}
        if self.dialect == "github":
            if wish.get("name") != "web":
                return 422, {"message": "Validation Failed"}, {}
            if any(one["url"] == wish["config"]["url"] for one in self.hooks.values()):
                errors = [{"resource": "Hook", "code": "custom",
                           "message": "Hook already exists on this repository"}]
                return 422, {"message": "Validation Failed", "errors": errors}, {}
        elif self.dialect in ("gitea", "forgejo"):
            if wish.get("type") != self.dialect:
                return 422, {"message": f"Invalid hook type: {wish.get('type')}"}, {}
        elif "signing_token" in wish and self.signs:
            key = base64.b64decode(wish["signing_token"].removeprefix("whsec_"))
            if not wish["signing_token"].startswith("whsec_") or len(key) != 32:
                return 422, {"message": {"signing_token": ["is invalid"]}}, {}
        self._set(hook, wish)
        self.hooks[self.number] = hook
        if self.dialect == "github":  # GitHub pings a new hook
            self._deliver(hook, "ping", {"zen": "Half measures.", "hook_id": hook["id"]})
        return 201, self._shown(hook), {}

    def _set(self, hook, wish):
        config = wish.get("config", wish)
        hook["url"] = config["url"]
        hook["active"] = wish.get("active", True)
        hook["events"] = wish.get("events", ["push"])
        if self.dialect == "gitlab":
            hook["flags"] = {k: v for k, v in wish.items() if isinstance(v, bool)}
            if self.signs:
                hook["signing_token"] = wish.get("signing_token", hook.get("signing_token"))
            hook["token"] = wish.get("token", hook.get("token"))
        else:
            assert config["content_type"] == "json", wish
            hook["secret"] = config.get("secret")  # without one GitHub takes the old one away
            assert config.get("insecure_ssl", "0") == "0", wish

    def _shown(self, hook):
        if self.dialect == "gitlab":
            return {"id": hook["id"], "url": hook["url"], "alert_status": "executable",
                    "issues_events": False, **hook["flags"],
                    "token_present": bool(hook.get("token")),
                    **({"signing_token_present": bool(hook.get("signing_token"))}
                       if self.signs else {})}
        shown = {"id": hook["id"], "active": hook["active"], "events": hook["events"],
                 "config": {"url": hook["url"], "content_type": "json"}}
        if self.dialect == "github":
            last = next((a for a in reversed(self.attempts) if a["hook"] == hook["id"]), None)
            shown.update(name="web", type="Repository")
            shown["config"].update(secret="********", insecure_ssl="0")
            shown["last_response"] = {
                "code": last and last["status_code"], "status": "active" if last else "unused",
                "message": last and last["status"]}
        else:
            shown["type"] = self.dialect
        return shown

    # ---- GitHub's log
    def _log(self, method, hook, attempt, path, page):
        mine = [a for a in reversed(self.attempts) if a["hook"] == hook]
        if method == "POST":
            again = next((a for a in mine if a["id"] == int(attempt)), None)
            if not again:
                return 404, {"message": "Not Found"}, {}
            self._send(self.hooks[hook], again["guid"], again["event"], again["body"], True)
            return 202, {}, {}
        size = min(int(page.get("per_page", 30)), 100)
        if "cursor" in page:
            assert page["cursor"].startswith("v1_"), page
            mine = [a for a in mine if a["id"] <= int(page["cursor"][3:])]
        headers = {}
        if len(mine) > size:
            headers["Link"] = (f'<https://api.github.com{path}?per_page={size}'
                               f'&cursor=v1_{mine[size]["id"]}>; rel="next"')
        rows = [{k: v for k, v in a.items() if k not in ("hook", "body")} for a in mine[:size]]
        return 200, rows, headers

    # ---- deliveries
    def push(self, commit, ref="refs/heads/main"):
        """To all hooks, as after a push: [(status, text)], status 0 where nobody answered."""
        gitlab = self.dialect == "gitlab"
        payload = gitlab_payload(commit, ref) if gitlab else push_payload(commit, ref)
        with self.lock:
            return [self._deliver(hook, "push", payload)
                    for hook in self.hooks.values() if hook["active"]]

    def _deliver(self, hook, event, payload):
        return self._send(hook, str(uuid.uuid4()), event, json.dumps(payload).encode(), False)

    def _send(self, hook, guid, event, body, redelivery):
        begun = time.time()
        url = urllib.parse.urlsplit(hook["url"])
        try:
            connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
            connection.request("POST", url.path, body, self._signed(hook, guid, event, body))
            response = connection.getresponse()
            status, text = response.status, response.read().decode(errors="replace")
            connection.close()
        except OSError:
            status, text = 0, "failed to connect to host"
        self.number += 1
        self.attempts.append({
            "hook": hook["id"], "body": body, "id": self.number * 10**10, "guid": guid,
            "delivered_at": utc(begun), "redelivery": redelivery, "event": event,
            "duration": time.time() - begun, "status_code": status, "action": None,
            "status": "OK" if 200 <= status < 300 else text if not status else "Invalid HTTP Response",
        })
        return status, text

    def _signed(self, hook, guid, event, body):
        headers = {"Content-Type": "application/json"}
        secret = hook.get("secret") or ""
        if self.dialect == "github":
            return {**headers, "X-GitHub-Event": event, "X-GitHub-Delivery": guid,
                    "X-Hub-Signature-256": hub_signature(secret, body)}
        if self.dialect == "gitlab":
            headers.update({"X-Gitlab-Event": "Push Hook", "Idempotency-Key": guid})
            if hook.get("token"):
                headers["X-Gitlab-Token"] = hook["token"]
            if hook.get("signing_token"):
                moment = str(int(time.time()))
                key = base64.b64decode(hook["signing_token"].removeprefix("whsec_"))
                mac = hmac.new(key, f"{guid}.{moment}.".encode() + body, hashlib.sha256).digest()
                headers.update({"webhook-id": guid, "webhook-timestamp": moment,
                                "webhook-signature": "v1," + base64.b64encode(mac).decode()})
            return headers
        name = self.dialect.capitalize()
        mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        # Forgejo, too, sends Gitea's headers; and both send GitHub's.
        return {**headers, f"X-{name}-Event": event, f"X-{name}-Delivery": guid,
                f"X-{name}-Signature": mac, "X-Gitea-Event": event, "X-Gitea-Delivery": guid,
                "X-Gitea-Signature": mac, "X-GitHub-Event": event, "X-GitHub-Delivery": guid,
                "X-Hub-Signature-256": "sha256=" + mac}

    # ---- the repository
    def _serve_git(self, request, path, query, body):
        env = {
            **ENVIRONMENT,
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
            "GIT_PROJECT_ROOT": str(self.repos), "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path.removeprefix("/acme"), "QUERY_STRING": query,
            "REQUEST_METHOD": request.command, "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], env=env, input=body,
                              capture_output=True, timeout=30)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = int(fields.pop("Status", "200").split()[0])
        request.send_response(status)
        for name, value in fields.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)


def front_door(port, context):
    """HTTPS in front of the receiver, as a proxy stands there."""

    def forward(request, body):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        headers = {k: v for k, v in request.headers.items() if k.lower() != "connection"}
        connection.request(request.command, request.path, body, headers)
        response = connection.getresponse()
        request.reply(response.status, response.read())
        connection.close()

    return Served(forward, context)


class Tunnel:
    """A proxy that leads every CONNECT to one port."""

    def __init__(self, port):
        self.target = port
        self.asked = []
        self.refuse = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(10)
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += peer.recv(1)
                lines = head.decode().split("\r\n")
                method, place, _ = lines[0].split()
                given = [v for k, _, v in (l.partition(": ") for l in lines)
                         if k == "Proxy-Authorization"]
                self.asked.append(" ".join([method, place, *given]))
                if self.refuse:
                    peer.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                    continue
                peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                with socket.create_connection(("127.0.0.1", self.target), 10) as server:
                    with selectors.DefaultSelector() as ready:
                        ready.register(peer, selectors.EVENT_READ, server)
                        ready.register(server, selectors.EVENT_READ, peer)
                        while len(ready.get_map()) == 2:
                            for key, _ in ready.select(10):
                                try:
                                    data = key.fileobj.recv(65536)
                                except OSError:
                                    data = b""
                                if not data:
                                    ready.unregister(key.fileobj)
                                    break
                                key.data.sendall(data)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
