"""Which commits count, and how they become releases: tags, paths, skip marks, a mirror that apps
share, releases made of older ones."""

import json
import subprocess
import unittest
import uuid

import webhooks
from harness import SECRET, Case
from relay import GitDaemon, Relay


class Tags(Case):
    def setUp(self):
        super().setUp()
        del self.app["branch"]
        self.app["tags"] = "v*"

    def tag(self, name, commit, *options):
        self.repo.git("tag", *options, name, commit)
        return self.push_tag(name)

    def push_tag(self, name):
        target = self.repo.git("rev-parse", f"refs/tags/{name}")
        status, body = webhooks.github(
            self.hook_port, "backend", SECRET, target, f"refs/tags/{name}"
        )
        return status, json.loads(body)

    def decision_of(self, answer):
        rows = [row for row in self.deliveries() if row["id"] == answer["delivery"]]
        return rows[0]["decision"], rows[0]["reason"]

    def test_the_newest_version_is_live_and_a_late_older_one_never_replaces_it(self):
        self.serve()
        self.wait(lambda: "none of the tags v* is in" in self.daemon.log(), "the poller's look")
        first = self.repo.commit("v1")
        self.assertEqual(202, self.tag("v1.9", first)[0])
        self.wait_good(first)
        second = self.repo.commit("v2")
        status, answer = webhooks.github(self.hook_port, "backend", SECRET, second)
        self.assertEqual(200, status, answer)
        self.assertIn("none of the tags v*", answer)
        # An annotated tag is named by its own id.
        self.assertEqual(202, self.tag("v1.10", second, "-a", "-m", "note")[0])
        self.wait_good(second)
        self.assertEqual("v2", self.version())
        late = self.repo.commit("v3")
        answer = self.tag("v1.9.1", late)[1]
        self.wait(lambda: self.decision_of(answer)[0] == "stale", "the older tag to be stale")
        self.assertIn("tag v1.10 is a newer version", self.decision_of(answer)[1])
        self.assertEqual(second, self.status()["commit"])
        self.cli_ok("deploy", "backend", late)
        self.assertEqual("v3", self.version())


class Filters(Case):
    def commit_with(self, message, name):
        """A commit of one changed file with a message of its own."""
        (self.repo.work / name).parent.mkdir(parents=True, exist_ok=True)
        (self.repo.work / name).write_text(uuid.uuid4().hex)
        self.repo.git("add", "-A")
        tree = self.repo.git("write-tree")
        commit = self.repo.git("commit-tree", tree, "-p", self.repo.tip(), "-m", message)
        self.repo.set_tip(commit)
        return commit

    def ignored(self, commit):
        self.push(commit)
        return self.wait_outcome(commit, "cancelled")["reason"]

    def test_pushes_beside_the_paths_or_with_a_skip_mark_are_told_as_ignored(self):
        self.app["paths"] = ["backend/**", "*.json"]
        first = self.first_good()
        beside = self.commit_with("docs", "docs/x")
        self.assertIn("changed nothing under `paths`", self.ignored(beside))
        marked = self.commit_with("a typo [skip deploy]", "backend/x")
        self.assertIn("[skip deploy]", self.ignored(marked))
        self.assertEqual(first, self.status()["commit"])
        rows = {row["commit"]: row["decision"] for row in self.deliveries()}
        self.assertEqual(("ignored", "ignored"), (rows[beside], rows[marked]))
        # The next one brings all of it.
        last = self.commit_with("more docs", "docs/y")
        self.push(last)
        self.wait_good(last)

    def test_a_forced_branch_is_not_followed_with_fast_forward_only(self):
        self.app["fast_forward_only"] = True
        first = self.first_good()
        second = self.repo.commit("v2")
        self.push(second)
        self.wait_good(second)
        self.repo.set_tip(first)
        forced = self.repo.commit("v3")
        self.assertIn("no descendant of the live", self.ignored(forced))
        self.assertEqual("v2", self.version())
        self.cli_ok("deploy", "backend", forced)
        self.assertEqual("v3", self.version())


class OneRepository(Case):
    """Two apps of one repository."""

    def setUp(self):
        super().setUp()
        server = self.enterContext(GitDaemon(self.folder))
        self.remote = self.enterContext(Relay(server.port))
        self.url = f"git://127.0.0.1:{self.remote.port}/backend.git"
        self.app["repo"] = self.url
        self.config["apps"]["other"] = {
            "repo": self.url, "poll": "1h", "run": "exec sleep 1000",
            "root": "services/other", "probation": "100ms", "ready": {"after": "10ms"},
        }

    def send(self, commit):
        payload = webhooks.push_payload(commit, "refs/heads/main")
        payload["repository"]["clone_url"] = self.url
        body = json.dumps(payload).encode()
        status, text = webhooks.send(self.hook_port, "/hooks", body, {
            "Content-Type": "application/json", "X-GitHub-Event": "push",
            "X-GitHub-Delivery": str(uuid.uuid4()),
            "X-Hub-Signature-256": webhooks.hub_signature(SECRET, body)})
        self.assertEqual(202, status, text)

    def test_they_share_one_mirror_and_one_fetch(self):
        self.serve()
        self.wait(lambda: self.daemon.log().count("branch main is not in") >= 2, "both pollers")
        first = self.repo.commit("v1", files={"services/other/x": "1"})
        before = self.remote.connections
        self.send(first)
        self.wait_good(first)
        self.wait_good(first, "other")
        self.assertEqual(1, self.remote.connections - before)
        apps = self.state / "apps"
        self.assertEqual("../backend/repo.git", str((apps / "other" / "repo.git").readlink()))
        cwd = subprocess.run(
            ["readlink", f"/proc/{self.status('other')['pid']}/cwd"],
            capture_output=True, text=True, check=True).stdout.strip()
        self.assertEqual(str(apps / "other" / "releases" / first / "services" / "other"), cwd)
        refs = self.repo_refs(apps / "other" / "repo.git")
        self.assertIn(f"refs/lastgood/releases/backend/{first}", refs)
        self.assertIn(f"refs/lastgood/releases/other/{first}", refs)

    def repo_refs(self, mirror):
        return subprocess.run(
            ["git", "-c", "safe.directory=*", "--git-dir", mirror, "for-each-ref"],
            capture_output=True, text=True, check=True).stdout


class Signed(Case):
    def test_only_commits_of_listed_keys_go_live_and_a_refusal_names_the_key(self):
        keys = self.folder / "keys"
        keys.mkdir()
        for name in ("ann", "eve"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name,
                            "-f", keys / name], check=True)
        allowed = self.folder / "allowed_signers"
        public = (keys / "ann.pub").read_text()
        allowed.write_text(f'ann@example.org namespaces="git" {public}')
        self.app["verify"] = {"allowed_signers": str(allowed)}
        self.serve_and_look()
        self.repo.commit("v0")
        good = self.signed("v1", keys / "ann")
        self.push(good)
        self.wait_good(good)
        self.assertEqual("v1", self.version())
        plain = self.repo.commit("v2")
        self.push(plain)
        self.assertIn("is not signed", self.wait_outcome(plain, "failed")["reason"])
        foreign = self.signed("v3", keys / "eve")
        self.push(foreign)
        reason = self.wait_outcome(foreign, "failed")["reason"]
        self.assertRegex(reason, f"commit {foreign[:7]} is signed by ssh key SHA256:")
        self.assertIn(str(allowed), reason)
        self.assertEqual("v1", self.version())
        self.assertEqual({}, self.quarantined())

    def signed(self, version, key):
        plain = self.repo.commit(version)
        tree = self.repo.git("rev-parse", f"{plain}^{{tree}}")
        commit = self.repo.git(
            "-c", "gpg.format=ssh", "-c", f"user.signingkey={key}",
            "commit-tree", "-S", tree, "-p", f"{plain}^", "-m", f"Version {version}")
        self.repo.set_tip(commit)
        return commit


class Spare(Case):
    def test_a_release_is_made_of_the_one_that_went(self):
        self.app["keep_releases"] = 1
        self.app["build"] = "touch built-$LASTGOOD_COMMIT"
        first = self.first_good(files={"a/b": "same", "c": "1"})
        releases = self.state / "apps" / "backend" / "releases"
        inode = (releases / first / "a" / "b").stat().st_ino
        for version in ("v2", "v3"):
            commit = self.repo.commit(version, files={"c": version})
            self.push(commit)
            self.wait_good(commit)
        self.wait((releases / ".spare").exists, "the spare", timeout=30)
        self.assertFalse((releases / first).exists())
        last = self.repo.commit("v4", files={"c": "4"})
        self.push(last)
        self.wait_good(last)
        self.assertEqual("v4", self.version())
        self.assertEqual("4", (releases / last / "c").read_text())
        self.assertEqual(inode, (releases / last / "a" / "b").stat().st_ino)
        built = [path.name for path in (releases / last).glob("built-*")]
        self.assertEqual([f"built-{last}"], built)


if __name__ == "__main__":
    unittest.main()
