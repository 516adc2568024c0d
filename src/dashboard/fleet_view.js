// The group of hosts that this one is of: each app's rollout, and where each host is.
import { h } from "./dom.js";
import { appLink, empty, facts, notice, table, waiting } from "./parts.js";
import { badge, commit } from "./words.js";
import { world } from "./world.js";

const ROLLOUTS = {
  canary: ["busy", "canary"],
  waves: ["busy", "rolling out"],
  done: ["good", "done"],
  halted: ["bad", "halted"],
  paused: ["warn", "paused"],
};
const HEALTH = { ok: "good", failing: "warn", down: "bad" };
const OUTCOMES = { good: "good", bad: "bad", failed: "bad", declined: "idle" };
const COLUMNS = ["Host", "Zone", "Commit", "State", "Health", "Outcome", "Note"];

function hostRow(row, wish) {
  const late = row.commit !== wish;
  return {
    key: row.host,
    cells: [
      row.host, row.labels.zone || "–",
      [commit(row.commit), late && wish ? h("span", { class: "hidden" }, " not the newest") : null],
      row.busy ? badge("busy", `${row.state}, at it`) : row.state || "–",
      badge(HEALTH[row.health] || "idle", row.health),
      row.outcome === "none" ? "–" : badge(OUTCOMES[row.outcome] || "idle", row.outcome),
      row.reason ? h("span", { class: "reason" }, row.reason) : "",
    ],
  };
}

function rollout(app) {
  const [tone, text] = ROLLOUTS[app.state] || ["idle", "nothing yet"];
  const id = `fleet-${app.name}`;
  const count = `${app.hosts_with_commit} of ${app.hosts} hosts`;
  const here = (world.apps || []).some((one) => one.name === app.name);
  return h("section", { "aria-labelledby": id, "data-key": app.name },
    h("div", { class: "head" }, h("h2", { id }, here ? appLink(app.name) : app.name),
      h("span", { role: "status" }, badge(tone, text))),
    notice(app.reason, app.state === "halted" ? "bad" : ""),
    h("p", { class: "line" }, commit(app.commit), " is on ", count,
      h("progress", { max: Math.max(app.hosts, 1), value: app.hosts_with_commit,
        "aria-label": `Hosts of ${app.name} that have it` })),
    facts([["Last good", commit(app.last_good)], ["At it now", String(app.grants)]]),
    table(`Hosts of ${app.name}`, COLUMNS, app.rows.map((row) => hostRow(row, app.commit))),
    app.left_out ? h("p", { class: "quiet" },
      `${app.left_out} more that need nobody's attention: lastgood fleet hosts ${app.name}`) : null);
}

export function fleetView() {
  const group = world.fleet;
  const trouble = world.fleetTrouble
    ? h("p", { class: "notice bad", role: "status", "data-key": "trouble" }, world.fleetTrouble) : null;
  const title = "Fleet";
  const wants = { fleet: true };
  if (!group) return { title, wants, body: [h("h1", {}, title), trouble || waiting()] };
  if (group.group === null) {
    return { title, wants, body: [h("h1", {}, title), empty("This host is in no fleet.")] };
  }
  return {
    title,
    wants,
    body: [
      h("h1", {}, title), trouble,
      facts([["Group", group.group], ["Hosts", String(group.hosts)],
        ["Controller", group.controller || "none just now"]]),
      group.apps.length ? group.apps.map(rollout) : empty("No app yet."),
      h("p", { class: "quiet" }, "For the whole group: ", h("code", {}, "lastgood fleet deploy"), ", ",
        h("code", {}, "rollback"), ", ", h("code", {}, "pause"), "."),
    ],
  };
}
