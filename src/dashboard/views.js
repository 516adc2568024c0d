// The views, each from what is known to elements. app_view.js has that of one app.
import { may } from "./api.js";
import { h } from "./dom.js";
import {
  appCard, appLink, button, empty, facts, foreign, link, notice, phases, quarantineTable, subject,
  table, timeline, waiting,
} from "./parts.js";
import { logPanel, outputPanel } from "./streams.js";
import { commit, decisionBadge, forBrowser, isBad, outcomeBadge, time, trigger } from "./words.js";
import { deploymentById, world } from "./world.js";

export function overview() {
  if (!world.apps) return { title: "Apps", body: waiting() };
  return {
    title: "Apps",
    body: [
      h("h1", {}, "Apps"),
      h("ul", { class: "cards" }, world.apps.map(appCard)),
      h("section", { "aria-labelledby": "lately" },
        h("h2", { id: "lately" }, "Lately"),
        timeline(world.deployments, world.crashes)),
    ],
  };
}

export function deploymentList() {
  return {
    title: "Timeline",
    body: [
      h("h1", {}, "Timeline"),
      world.deployments ? timeline(world.deployments, world.crashes, { count: 200 }) : waiting(),
    ],
  };
}

export function deployment(id) {
  const row = deploymentById(id);
  const title = `Deployment ${id}`;
  if (!row) {
    return { title, wants: { deployment: id }, body: [h("h1", {}, title),
      world.missing.has(`deployment:${id}`) ? empty(`There is no deployment ${id}.`) : waiting()] };
  }
  const app = (world.apps || []).find((one) => one.name === row.app);
  const commands = [];
  if (may("deploy") && app && row.outcome && row.commit) {
    commands.push(button("Deploy this commit…", "deploy", { app: row.app, commit: row.commit }));
    if (row.outcome === "good" && app.commit !== row.commit) {
      commands.push(button("Roll back to it…", "rollback", { app: row.app, commit: row.commit }));
    }
  }
  return {
    title: `${title} of ${row.app}`,
    body: [
      h("p", { class: "crumbs" }, appLink(row.app)),
      h("div", { class: "head" }, h("h1", {}, title), h("span", { role: "status" },
        outcomeBadge(row))),
      h("p", { class: "line" }, commit(row.commit), " ", subject(row)),
      phases(row),
      notice(forBrowser(row.reason), isBad(row.outcome) ? "bad" : ""),
      commands.length ? h("div", { class: "buttons", "data-key": "buttons" }, commands) : null,
      facts([
        ["App", appLink(row.app)],
        ["Commit", h("code", { class: "whole" }, row.commit || "not known yet")],
        row.author ? ["Author", foreign(row.author)] : null,
        ["Asked for", foreign(trigger(row))],
        ["Began", time(row.started_at)],
        row.finished_at ? ["Ended", time(row.finished_at)] : null,
        row.delivery ? ["Delivery", h("code", { class: "whole" }, row.delivery)] : null,
      ]),
      h("section", { "aria-labelledby": "output" },
        h("h2", { id: "output" }, "Output of its steps"), outputPanel(row)),
    ],
  };
}

export function deliveries() {
  const rows = (world.deliveries || []).map((row) => ({
    key: `${row.app} ${row.id}`,
    cells: [
      time(row.received_at), appLink(row.app), `${row.provider} ${row.event}`,
      h("code", {}, foreign(row.ref.replace(/^refs\/(heads|tags)\//, "") || "–")), commit(row.commit),
      [decisionBadge(row), row.reason ? [" ", h("bdi", { class: "quiet" }, row.reason)] : null],
      may("deploy") && row.commit ? button("Redeliver…", "redeliver", { id: row.id, app: row.app })
        : null,
    ],
  }));
  const columns = ["Received", "App", "Event", "Ref", "Commit", "Decision", ""];
  return {
    title: "Deliveries",
    body: [
      h("h1", {}, "Deliveries"),
      !world.deliveries ? waiting() : !rows.length ? empty("No webhook has come in yet.")
        : table("What came in, and what was decided", columns, rows),
    ],
  };
}

export function quarantine() {
  const rows = world.quarantine;
  return {
    title: "Quarantine",
    body: [
      h("h1", {}, "Quarantine"),
      !rows ? waiting() : !rows.length ? empty("No commit is in quarantine.") : quarantineTable(rows),
    ],
  };
}

export function logs(app) {
  return {
    title: app ? `Logs of ${app}` : "Logs",
    body: [
      app ? h("p", { class: "crumbs" }, appLink(app)) : null,
      h("h1", {}, app ? `Logs of ${app}` : "Logs"),
      logPanel(app || ""),
    ],
  };
}

export function unknown() {
  return {
    title: "Not found",
    body: [h("h1", {}, "There is nothing here"), h("p", {}, link("/", "To the apps"))],
  };
}

