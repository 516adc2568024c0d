"""config/lastgood.schema.json and the parser say the same of every value that the schema can judge.

The corpus is drawn from the schema itself: for each key every enum value, both ends of each range, an
example of each form, and what lies just outside of them. What only the parser can know (a file that must be
there, a key that needs another) is made good by TEXTS and BESIDE, so that it decides nothing."""

import base64
import concurrent.futures
import copy
import json
import os
import pathlib
import tempfile
import unittest

try:
    import jsonschema
    import yaml
except ImportError as missing:
    raise unittest.SkipTest(f"{missing.name} is not installed") from None

import certificates
from harness import BINARY, ENVIRONMENT, ROOT, run

SCHEMA = json.loads((ROOT / "config" / "lastgood.schema.json").read_text("utf-8"))
APP = ("apps", "a")
SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of the schema's").decode()  # good for each provider
OTHER = "of the one who may look 0123456789"

# One good value of each form that has a name of its own in the schema.
FORMS = {"duration": ["30s"], "size": ["10MB", 1048576], "flag": [True, False, "yes", "off"],
         "address": ["127.0.0.1:4001"], "command": ["./x", ["./x", "-v", 1]],
         "commands": ["./x", ["./x", ["./y", "-v"]], []],
         "networks": ["10.0.0.0/8", ["::1", "fd00::/8"], []]}
OUTSIDE = {"duration": ["30", "1.5s", "-1s", "1w", ""], "size": ["10TB", "1.5MB", -1, ""],
           "flag": ["maybe", 2], "address": [""], "command": ["", []], "commands": ["", [""], [[]]],
           "networks": ["", [""], {"no": {"such": "key"}}, [[["deep"]]]]}
# Where any text is a text for the schema, one that means something; @ is a folder with files in it.
TEXTS = {
    "webhook.secret_file": "@/secret", "webhook.secret_env": "LASTGOOD_TEST_SECRET",
    "webhook.secret": SECRET, "webhook.public_url": "https://hooks.example.org", "webhook.tls.cert": "@/tls.crt",
    "webhook.tls.key": "@/tls.key", "apps.a.repo": "/srv/a.git", "apps.a.root": "web",
    "apps.a.auth.ca_file": "@/tls.crt", "apps.a.auth.proxy": "http://127.0.0.1:3128",
    "apps.a.webhook.secret_file": "@/secret", "apps.a.webhook.secret_env": "LASTGOOD_TEST_SECRET",
    "apps.a.webhook.secret": SECRET, "apps.a.ready.http": "/health",
    "apps.a.restart.every": "04:00", "apps.a.umask": "027", "apps.a.cpu_max": "150%",
    "apps.a.promote.app": "b", "apps.a.status.token_file": "@/secret", "apps.a.status.ca_file": "@/tls.crt",
    "apps.a.status.token_env": "LASTGOOD_TEST_SECRET", "apps.a.status.api": "https://api.example.org",
    "apps.a.status.url": "https://example.org", "notify.0.matrix.room": "!x:example.org",
    "notify.0.matrix.server": "https://example.org", "notify.0.email.to": "ann@example.org",
    "notify.0.email.from": "bob@example.org", "notify.0.email.sendmail": "/usr/sbin/sendmail",
    "apps.a.read_only_paths": "/srv/kept", "apps.a.tags": "v*", "state_dir": "@/state",
    "runtime_dir": "@/run", "admin.token_file": "@/secret", "admin.token_env": "LASTGOOD_TEST_SECRET",
    "admin.token": SECRET, "admin.read_token_file": "@/other", "admin.read_token_env": "LASTGOOD_TEST_OTHER",
    "admin.read_token": OTHER, "admin.tls.cert": "@/tls.crt", "admin.tls.key": "@/tls.key",
    "apps.a.group": "root", "apps.a.user": "root",
}
# What a key needs beside it to mean anything.
BESIDE = {
    "apps.a.promote.after": {"promote": {"app": "b"}},
    "apps.a.adopt": {"listen": "127.0.0.1:4001"}, "apps.a.drain": {"listen": "127.0.0.1:4001"},
    "apps.a.keep_previous": {"listen": "127.0.0.1:4001"}, "apps.a.ready.http": {"listen": "127.0.0.1:4001"},
    "apps.a.proxy": {"ports": [4001, 4002]}, "apps.a.ports": {"proxy": "./switch"},
    "apps.a.auth.ssh_key": {"repo": "ssh://git@example.org/a.git"},
    "apps.a.auth.known_hosts": {"repo": "ssh://git@example.org/a.git"},
    "apps.a.auth.username": {"repo": "https://example.org/a.git", "auth": {"token_file": "@/secret"}},
    "apps.a.auth.token_file": {"repo": "https://example.org/a.git"},
    "apps.a.auth.ca_file": {"repo": "https://example.org/a.git"},
    "apps.a.auth.proxy": {"repo": "https://example.org/a.git"},
    "apps.a.verify.range": {"verify": {"allowed_signers": "@/secret"}},
    "apps.a.materialise": {"user": "root"}, "apps.a.group": {"user": "root"},
    "apps.a.watch": {"listen": "127.0.0.1:4001", "ready": {"http": "/"}},
}

# What one that is told needs, by its kind.
TOLD = {"matrix": {"server": "https://example.org", "room": "!x:example.org", "token_file": "@/secret"},
        "email": {"to": "ann@example.org"}}
FOR_ALL = {"url_file": "@/url", "url_env": "LASTGOOD_TEST_URL", "url": "https://example.org/hook",
           "token_file": "@/secret", "token_env": "LASTGOOD_TEST_SECRET", "token": SECRET,
           "secret_file": "@/secret", "secret_env": "LASTGOOD_TEST_SECRET", "secret": SECRET,
           "password_file": "@/secret", "password_env": "LASTGOOD_TEST_SECRET", "password": SECRET,
           "ca_file": "@/tls.crt"}


def resolved(node):
    name = node.get("$ref", "").rpartition("/")[2]
    return (name, SCHEMA["definitions"][name]) if name else ("", node)


def good(path, node):
    """Values that the schema takes for this key."""
    name, node = resolved(node)
    if name == "variable":
        return []
    if name:
        return copy.deepcopy(FORMS[name])
    if "enum" in node or "const" in node:
        values = node.get("enum", [node.get("const")])
        # `off` is false for editors that read the YAML of before 1.2; for lastgood it is the word.
        return [value for value in values if value is not False or "off" not in values]
    found = [one for part in node.get("anyOf", []) + node.get("allOf", []) for one in good(path, part)]
    kinds = node.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "string" in kinds:
        found += node.get("examples", []) or [TEXTS.get(path) or FOR_ALL.get(path.rpartition(".")[2], "x")]
    if "integer" in kinds:
        found += [node.get("minimum", 0), node.get("maximum", 1)]
    if "boolean" in kinds:
        found += [True, False]
    if "array" in kinds:
        each = good(path, node.get("items", {}))
        least = node.get("minItems", 0)
        found.append([each[i % len(each)] for i in range(max(least, 1))] if each else [])
    return found


def outside(path, node):
    """Values that it refuses."""
    name, node = resolved(node)
    if name and name != "variable":
        return copy.deepcopy(OUTSIDE[name])
    found = [one for part in node.get("anyOf", []) + node.get("allOf", []) for one in outside(path, part)]
    if "enum" in node:
        found.append("nonsense")
    if node.get("minLength"):
        found.append("")
    found += [node["minimum"] - 1] if "minimum" in node else []
    found += [node["maximum"] + 1] if "maximum" in node else []
    if "pattern" in node and name != "variable":
        found += ["no such form", "-"]
    return found + [{"no": {"such": "key"}}, [[["deep"]]]]


def leaves(node, path=()):
    """(path, node) of each key that holds a value, and of each section."""
    for key, child in node.get("properties", {}).items():
        place = (*path, key)
        if child.get("$ref", "").startswith("#/properties/"):
            continue  # the same rule, at another place
        if "properties" in child:
            yield from leaves(child, place)
        elif "properties" in child.get("items", {}):
            yield from leaves(child["items"], (*place, 0))
        elif key == "apps":
            yield from leaves(child["additionalProperties"], APP)
        else:
            yield place, child


def sections(node, path=()):
    if "properties" in node:
        yield path
    if "properties" in node.get("items", {}):
        yield from sections(node["items"], (*path, 0))
    for key, child in node.get("properties", {}).items():
        yield from sections(child["additionalProperties"], APP) if key == "apps" \
            else sections(child, (*path, key))


class Verdicts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory(prefix="lastgood-schema-")
        cls.addClassCleanup(place.cleanup)
        cls.folder = pathlib.Path(place.name)
        (cls.folder / "secret").write_text(SECRET + "\n")
        (cls.folder / "secret").chmod(0o600)
        (cls.folder / "other").write_text(OTHER + "\n")
        (cls.folder / "other").chmod(0o600)
        (cls.folder / "url").write_text("https://example.org/hook\n")
        (cls.folder / "url").chmod(0o600)
        certificates.make_self_signed(cls.folder, "tls")
        cls.schema = jsonschema.Draft7Validator(SCHEMA)
        cls.schema.check_schema(SCHEMA)

    def config(self):
        return {"webhook": {"listen": "127.0.0.1:4000", "secret_file": "@/secret"},
                "apps": {"a": {"repo": "/srv/a.git", "run": "./a"},
                         "b": {"repo": "/srv/b.git", "run": "./b"}}}

    def with_value(self, path, value):
        """A config in which this key has this value, and nothing else is wrong."""
        config = self.config()
        name = ".".join(map(str, path))
        if name in BESIDE:
            config["apps"]["a"].update(copy.deepcopy(BESIDE[name]))
        spot = config
        for part, below in zip(path[:-1], path[1:]):
            spot = spot[part] if isinstance(part, int) else spot.setdefault(part, [{}] if below == 0 else {})
        if path[0] == "notify":
            spot.update(TOLD.get(path[2], {"url": "https://example.org/hook"}) if len(path) > 3 else
                        {} if path[2] == "command" else {"command": "./tell"})
        if path[:-1] == (*APP, "status"):
            config["apps"]["a"]["repo"] = "https://github.com/acme/a.git"
            spot["token_file"] = "@/secret"
        if path[0] == "admin" and len(path) > 1:
            config["admin"].update(listen="127.0.0.1:4002", token_file="@/secret")
        if path[0] == "fleet" and len(path) > 1:
            config["fleet"].setdefault("endpoints", ["https://10.0.0.1:2379"])
            if path[1] in ("user", "password", "password_env", "password_file"):
                config["fleet"].update(user="a", password_file="@/secret")
        if path[-1] == "exit_with_app":  # of the only app
            config["apps"].pop("b", None)
        kind = path[-1].partition("_")[0]
        if kind in ("secret", "token", "url", "password"):
            for form in (kind, f"{kind}_env", f"{kind}_file"):
                spot.pop(form, None)
        if "tls" in path:
            spot.update(cert="@/tls.crt", key="@/tls.key")
        spot[path[-1]] = value
        return config

    def parsed(self, config):
        """What `lastgood check` says of it; [] when it is good."""
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".yaml")  # 0600: it may hold a secret
        with os.fdopen(handle, "w") as file:
            json.dump(config, file)
        done = run(BINARY, "--config", name, "check", "--json",
                   env={**ENVIRONMENT, "LASTGOOD_TEST_SECRET": SECRET, "LASTGOOD_TEST_OTHER": OTHER,
                        "LASTGOOD_TEST_URL": "https://example.org/hook"})
        self.assertIn(done.returncode, (0, 2), done.stderr)
        return json.loads(done.stdout)["faults"]

    def compare(self, cases):
        """cases: (name, config). Each verdict of both; what differs without a reason fails."""
        cases = [(name, json.loads(json.dumps(config).replace("@/", f"{self.folder}/")))
                 for name, config in cases]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            verdicts = list(pool.map(self.parsed, [config for _, config in cases]))
        differ = []
        for (name, config), faults in zip(cases, verdicts):
            refused = next(self.schema.iter_errors(config), None)
            if bool(faults) != bool(refused):
                differ.append(f"{name}: the schema says {refused.message if refused else 'good'!r}, "
                              f"the parser {[fault['message'] for fault in faults] or 'good'}")
        self.assertEqual([], differ, "\n" + "\n".join(differ))

    def test_of_every_value_drawn_from_the_schema(self):
        cases = []
        for path, node in leaves(SCHEMA):
            name = ".".join(map(str, path))
            for draw in (good, outside):
                for value in draw(name, node):
                    cases.append((f"{name} = {json.dumps(value)}", self.with_value(path, value)))
        self.assertGreater(len(cases), 300)
        self.compare(cases)
        print(f"@note {len(cases)} values, the same verdict by the schema and by the parser")

    def test_of_keys_that_nobody_knows_or_that_are_missing(self):
        cases = [("nothing", {}), ("no app", {"apps": {}}), ("an app of nothing", {"apps": {"a": {}}})]
        for path in sections(SCHEMA):
            cases.append((f"{'.'.join(map(str, path))}.colour", self.with_value((*path, "colour"), "red")))
        for missing in ("repo", "run"):
            config = self.config()
            del config["apps"]["a"][missing]
            cases.append((f"without {missing}", config))
        for kind, needs in TOLD.items():
            for missing in needs:
                config = self.config()
                config["notify"] = [{kind: {key: needs[key] for key in needs if key != missing}}]
                cases.append((f"{kind} without {missing}", config))
        for name in ("a", "a.b-c_d", "A", "-a", "a b", "x" * 63, "x" * 64):
            config = self.config()
            config["apps"][name] = config["apps"].pop("a")
            cases.append((f"an app {name}", config))
        for name in ("GOOD", "2BAD", "LISTEN_FDS", "LASTGOOD_APP"):
            cases.append((f"env {name}", self.with_value((*APP, "env"), {name: "x"})))
        for key in ("branch", "poll", "keep_releases"):
            default = {"branch": "main", "poll": "30s", "keep_releases": "5"}[key]
            cases.append((f"{key} by a variable",
                          self.with_value((*APP, key), "${LASTGOOD_TEST_UNSET:-" + default + "}")))
        self.compare(cases)

    def test_what_is_published_is_valid(self):
        """With YAML's `off` as a word, as lastgood and YAML 1.2 have it, and as false."""
        class Words(yaml.SafeLoader):
            pass

        Words.yaml_implicit_resolvers = {
            first: [(tag, form) for tag, form in rules if tag != "tag:yaml.org,2002:bool"]
            for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}
        published = [ROOT / "config" / "lastgood.yaml", *sorted((ROOT / "config" / "examples").glob("*.yaml"))]
        self.assertGreater(len(published), 10)
        texts = [path.read_text("utf-8") for path in published]
        texts.append(texts[0].replace("#: ", ""))  # with the example's optional lines
        for text in texts:
            for loader in (Words, yaml.SafeLoader):
                self.schema.validate(yaml.load(text, loader))


if __name__ == "__main__":
    unittest.main()
