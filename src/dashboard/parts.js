// Pieces that several views are made of. Pure: from rows to elements.
import { may } from "./api.js";
import { h } from "./dom.js";
import {
  PHASES, badge, bytes, commit, duration, forBrowser, outcomeBadge, percent, person, stateBadge, time,
  trigger,
} from "./words.js";

export const link = (to, ...text) => h("a", { href: `#${to}` }, ...text);
export const appLink = (name) =>
  h("a", { class: "app", href: `#/apps/${encodeURIComponent(name)}` }, name);

export const empty = (text) => h("p", { class: "empty" }, text);
export const waiting = () => h("p", { class: "empty", role: "status" }, "Loading…");

// A button whose data say what it does; commands.js does it.
export function button(text, action, data = {}, kind = "") {
  const attributes = { type: "button", class: kind, "data-action": action };
  for (const [name, value] of Object.entries(data)) attributes[`data-${name}`] = value;
  return h("button", attributes, text);
}

// What an operator should know, where there is something.
export const notice = (text, tone = "bad") =>
  text ? h("p", { class: `notice ${tone}`, "data-key": "notice" }, text) : null;

// Made by anybody, in any script: its direction is its own.
export const foreign = (text) => h("bdi", {}, text);

// A button keeps its place, and the focus, whatever it is good for by now.
const placed = (key, node) => {
  node.setAttribute("data-key", key);
  return node;
};

// Rows as a table that turns into a list of cards where there is little room. The roles are said
// because such styles take them away.
export function table(caption, columns, rows) {
  return h("table", { role: "table" },
    h("caption", {}, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
      columns.map((name) => h("th", { role: "columnheader", scope: "col" },
        name || h("span", { class: "hidden" }, "Action"))))),
    h("tbody", { role: "rowgroup" }, rows.map(({ key, cells }) =>
      h("tr", { role: "row", "data-key": key }, cells.map((cell, i) =>
        h("td", { role: "cell" },
          h("span", { class: "label", "aria-hidden": "true" }, columns[i]),
          h("div", {}, cell)))))));
}

export const facts = (pairs) =>
  h("dl", { class: "facts" }, pairs.filter(Boolean).map(([name, ...value]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, ...value))));

// Where a deployment is, or how far it came, with the time of each phase.
export function phases(deployment) {
  const reached = PHASES.indexOf(deployment.phase);
  const over = deployment.outcome !== "";
  const steps = PHASES.map((name, i) => {
    const took = deployment.phases_ms[name];
    let state = "todo";
    if (i < reached || took !== undefined) state = "done";
    if (i === reached) state = over ? "done" : "now";
    if (i === reached && (deployment.outcome === "failed" || deployment.outcome === "rolled_back")) {
      state = "bad";
    }
    const words = { todo: "not reached", done: "done", now: "going on", bad: "ended here" }[state];
    return h("li", { class: state, "aria-current": state === "now" ? "step" : null },
      h("span", { class: "name" }, name),
      h("span", { class: "hidden" }, `, ${words} `),
      h("span", { class: "took" }, took === undefined ? "" : duration(took)));
  });
  return h("ol", { class: "phases", "aria-label": "Phases" }, steps);
}

export function subject(row) {
  return row.subject ? h("bdi", { class: "subject" }, row.subject) : null;
}

// Deployments and crashes of one app or of all, the newest first.
export function timeline(deployments, crashes, { app = null, count = 20 } = {}) {
  const mine = (row) => app === null || row.app === app;
  const items = [
    ...(deployments || []).filter(mine).map((row) => ({ at: row.started_at, row })),
    ...(crashes || []).filter(mine).map((crash) => ({ at: crash.at, crash })),
  ];
  items.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  if (!items.length) return deployments && crashes ? empty("Nothing has happened yet.") : waiting();
  return h("ol", { class: "timeline" }, items.slice(0, count).map(({ at, row, crash }) =>
    row ? deploymentItem(row, app === null) : crashItem(crash, at, app === null)));
}

function deploymentItem(row, named) {
  const tone = { good: "good", failed: "bad", rolled_back: "bad", "": "busy" }[row.outcome] || "idle";
  const took = Object.values(row.phases_ms).reduce((sum, ms) => sum + ms, 0);
  return h("li", { class: tone, "data-key": `d${row.id}` },
    h("div", { class: "line" },
      outcomeBadge(row), " ",
      named ? [h("strong", {}, appLink(row.app)), " "] : null,
      link(`/deployments/${row.id}`, commit(row.commit), h("span", { class: "hidden" },
        ` deployment ${row.id}`)), " ", subject(row)),
    h("div", { class: "quiet" }, time(row.started_at), " · ", foreign(trigger(row)),
      row.author ? [" · ", foreign(person(row.author))] : "", row.outcome && took ? ` · ${duration(took)}` : ""),
    row.reason && row.outcome !== "good" ? h("div", { class: "reason" }, forBrowser(row.reason)) : null);
}

function crashItem(crash, at, named) {
  return h("li", { class: "crash", "data-key": `c${crash.app} ${at} ${crash.slot}` },
    h("div", { class: "line" }, badge("warn", "crash"), " ",
      named ? [h("strong", {}, appLink(crash.app)), " "] : null,
      commit(crash.commit), " ", h("span", { class: "subject" }, crash.status)),
    h("div", { class: "quiet" }, time(at), crash.slot ? ` · slot ${crash.slot}` : ""));
}

// What an operator can do with an app, by what is possible now.
export function appButtons(app, all = false) {
  if (!may("deploy")) return null;
  const data = { app: app.name };
  const off = app.state === "stopped";
  const buttons = [
    placed("deploy", button("Deploy…", "deploy", data, "primary")),
    app.commit ? placed("rollback", button("Roll back…", "rollback", data)) : null,
    placed("pause", app.paused ? button("Resume", "resume", data) : button("Pause", "pause", data)),
  ];
  if (all && app.commit) {
    buttons.push(off ? null : placed("restart", button("Restart…", "restart", data)),
      placed("stop", off ? button("Start", "start", data) : button("Stop…", "stop", data)));
  }
  return h("div", { class: "buttons", role: "group", "aria-label": `Commands for ${app.name}` },
    buttons);
}

export function appCard(app) {
  const usage = [app.memory_bytes ? bytes(app.memory_bytes) : null,
    app.processes ? `${percent(app.cpu_percent)}\u00a0CPU` : null].filter(Boolean).join(" · ");
  return h("li", { class: "card", "data-key": app.name },
    h("div", { class: "head" }, h("h2", {}, appLink(app.name)), h("span", {}, stateBadge(app))),
    h("p", { class: "line" }, commit(app.commit), " ", subject(app)),
    h("p", { class: "quiet" }, app.author ? [foreign(person(app.author)), " · "] : "",
      app.since ? ["went live ", time(app.since)] : `branch ${app.branch}`,
      usage ? ` · ${usage}` : ""),
    notice(app.trouble),
    app.deployment ? goingOn(app.deployment) : null,
    appButtons(app));
}

// The deployment under way.
export function goingOn(deployment) {
  return h("div", { class: "going-on", "data-key": `going-on-${deployment.id}` },
    h("p", {}, link(`/deployments/${deployment.id}`, `Deployment ${deployment.id}`), " ",
      commit(deployment.commit), " ", subject(deployment)),
    phases(deployment));
}

export function quarantineTable(rows) {
  return table("Commits that nothing deploys by itself", ["App", "Commit", "Reason", "Since", ""],
    rows.map((row) => ({
      key: `${row.app} ${row.commit}`,
      cells: [
        appLink(row.app), commit(row.commit), h("span", { class: "reason" }, row.reason),
        time(row.since),
        may("admin") ? button("Release…", "release", { app: row.app, commit: row.commit }) : null,
      ],
    })));
}
