"""Requests to admin.listen, as scripts and browsers make them."""

import http.client
import json
import ssl

TOKEN = "the token for everything 0123"
READ_TOKEN = "the token for looking 4567"


def add_admin(case, config):
    """The section `admin` of a config, with both tokens in files."""
    for name, token in (("admin-token", TOKEN), ("read-token", READ_TOKEN)):
        (case.folder / name).write_text(token + "\n")
        (case.folder / name).chmod(0o600)
    config["admin"] = {
        "listen": f"127.0.0.1:{case.admin_port}",
        "token_file": str(case.folder / "admin-token"),
        "read_token_file": str(case.folder / "read-token"),
    }
    return config


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.text = response.read().decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.text)


class Client:
    def __init__(self, port, headers=None, cafile=None):
        self.port = port
        self.headers = headers or {}
        self.tls = ssl.create_default_context(cafile=cafile) if cafile else None

    def connect(self):
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def ask(self, method, path, body=None, headers=None):
        connection = self.connect()
        try:
            text = json.dumps(body) if body is not None else None
            connection.request(method, path, text, {**self.headers, **(headers or {})})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.ask("POST", path, {} if body is None else body, **options)

    def events(self, path):
        """A generator of what a stream says; it ends when the daemon ends it."""
        connection = self.connect()
        try:
            connection.request("GET", path, headers=self.headers)
            response = connection.getresponse()
            if response.status != 200:
                raise AssertionError(f"{path}: {response.status} {response.read()}")
            yield response.headers
            for line in response:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])
        finally:
            connection.close()


def bearer(port, token=TOKEN, **options):
    return Client(port, {"Authorization": f"Bearer {token}"}, **options)


def sign_in(port, token=TOKEN, name="", **options):
    """(the answer, a client with the session that it began)"""
    answer = Client(port, **options).post("/v1/session", {"token": token, "name": name})
    if answer.status != 200:
        return answer, None
    cookie = answer.headers["set-cookie"].split(";")[0]
    return answer, Client(port, {"Cookie": cookie, "X-Lastgood-Key": answer.json["key"],
                                 "Sec-Fetch-Site": "same-origin"}, **options)
