"""What a forge keeps of a commit: statuses, and (GitHub, GitLab) records of deployments. A part of
the forge in forge_api.py; it answers and refuses as the forges document."""

import re

STATES = {
    "github": {"error", "failure", "pending", "success"},
    "gitlab": {"pending", "running", "success", "failed", "canceled", "skipped"},
    "gitea": {"pending", "success", "error", "failure", "warning"},
}
RECORD_STATES = {
    "github": {"error", "failure", "inactive", "in_progress", "queued", "pending", "success"},
    "gitlab": {"created", "running", "success", "failed", "canceled"},
}
NOT_FOUND = 404, {"message": "Not Found"}, {}


class Statuses:
    def forget_statuses(self):
        self.statuses = []  # (commit, context, state, description), as they came
        self.records = []  # {"id", "sha", "environment", "states": […]}

    def states_of(self, commit):
        with self.lock:
            return [state for sha, _, state, _ in self.statuses if sha == commit]

    def record_states_of(self, commit):
        with self.lock:
            found = [record["states"] for record in self.records if record["sha"] == commit]
            assert len(found) <= 1, "one record for each commit"
            return found[0] if found else []

    def route_statuses(self, method, path, page, wish):
        """The answer; None for what is about something else. `path`: below the repository's."""
        if path == "" and method == "GET":
            return 200, {"id": 1, "full_name": "acme/backend"}, {}
        if found := re.fullmatch(r"/statuses/([0-9a-f]{40})", path):
            return self._set_status(found[1], wish) if method == "POST" else NOT_FOUND
        if not (found := re.fullmatch(r"/deployments(?:/(\d+))?(/statuses)?", path)):
            return None
        identity, marks = found.groups()
        if self.dialect not in RECORD_STATES:
            return NOT_FOUND
        if not identity:
            return self._make_record(wish) if method == "POST" else self._list_records(page)
        record = next((one for one in self.records if one["id"] == int(identity)), None)
        if not record or (self.dialect == "github") != bool(marks):
            return NOT_FOUND
        return self._mark(record, wish.get("state") or wish.get("status"))

    def _set_status(self, commit, wish):
        name = wish.get("name" if self.dialect == "gitlab" else "context")
        state, text = wish["state"], wish.get("description", "")
        kinds = STATES.get(self.dialect, STATES["gitea"])
        if state not in kinds or not name or len(text) > 140:
            return 422, {"message": "Validation Failed", "errors": [{"message": str(wish)}]}, {}
        before = [s for sha, other, s, _ in self.statuses if (sha, other) == (commit, name)]
        if self.dialect == "gitlab" and state == "running" and before[-1:] == ["running"]:
            return 400, {"message": 'Cannot transition status via :run from :running (Reason(s): '
                                    'Status cannot transition via "run")'}, {}
        self.statuses.append((commit, name, state, text))
        return 201, {"id": len(self.statuses), "state": state}, {}

    def _list_records(self, page):
        rows = [{"id": one["id"], "sha": one["sha"], "environment": one["environment"],
                 **({"status": one["states"][-1]} if self.dialect == "gitlab" else {})}
                for one in reversed(self.records)
                if one["environment"] == page.get("environment")
                and page.get("sha") in (None, one["sha"])]
        return 200, rows, {}

    def _make_record(self, wish):
        github = self.dialect == "github"
        if github:
            assert wish["required_contexts"] == [] and wish["auto_merge"] is False, wish
        sha = wish["ref" if github else "sha"]
        record = {"id": 500 + len(self.records), "sha": sha, "environment": wish["environment"],
                  "states": [] if github else [wish["status"]]}
        self.records.append(record)
        return 201, {"id": record["id"], "sha": sha}, {}

    def _mark(self, record, state):
        if state not in RECORD_STATES[self.dialect]:
            return 422, {"message": "Validation Failed"}, {}
        if self.dialect == "gitlab" and record["states"][-1] == state:
            return 400, {"message": {"status": ["cannot transition"]}}, {}
        record["states"].append(state)
        return 201, {"id": len(record["states"]), "state": state}, {}
