// One app: what runs, what it uses, what happened.
import { h } from "./dom.js";
import {
  appButtons, empty, facts, foreign, goingOn, link, notice, quarantineTable, subject, timeline, waiting,
} from "./parts.js";
import { plot } from "./plot.js";
import { bytes, commit, duration, percent, stateBadge, time } from "./words.js";
import { deploymentsOf, world } from "./world.js";

const uptime = (app) => (app.pid ? duration(app.uptime_s * 1000) : "does not run");

function whatRuns(app) {
  return facts([
    ["Went live", app.since ? time(app.since) : "–"],
    ["Author", foreign(app.author || "–")],
    ["Branch", h("code", {}, app.branch)],
    ["Last good", commit(app.last_good)],
    ["Process", app.pid ? `${app.pid}${app.slot ? ` in slot ${app.slot}` : ""}` : "none"],
    ["Up for", uptime(app)],
    ["Restarts", String(app.restarts)],
    ["Memory", app.memory_bytes ? bytes(app.memory_bytes) : "–"],
    ["CPU", app.processes ? percent(app.cpu_percent) : "–"],
    app.processes ? ["Processes", `${app.processes}, ${app.threads} thread${app.threads === 1 ? "" : "s"}`] : null,
    app.beside ? ["Beside it", commit(app.beside.commit), ` in slot ${app.beside.slot}, ` +
      bytes(app.beside.memory_bytes)] : null,
  ]);
}

export function appView(name) {
  const app = (world.apps || []).find((one) => one.name === name);
  if (!app) {
    return { title: name, body: world.apps ? [h("h1", {}, name),
      empty("There is no such app in the config.")] : waiting() };
  }
  const samples = world.samples.get(name);
  const bad = (world.quarantine || []).filter((row) => row.app === name);
  const path = `/apps/${encodeURIComponent(name)}`;
  return {
    title: name,
    wants: { app: name },
    body: [
      h("p", { class: "crumbs" }, link("/", "Apps")),
      h("div", { class: "head" }, h("h1", {}, name),
        h("span", { role: "status" }, stateBadge(app))),
      h("p", { class: "line" }, commit(app.commit), " ", subject(app)),
      notice(app.trouble),
      appButtons(app, true),
      app.deployment ? goingOn(app.deployment) : null,
      h("section", { "aria-labelledby": "runs" }, h("h2", { id: "runs" }, "What runs"),
        whatRuns(app)),
      h("section", { "aria-labelledby": "uses" }, h("h2", { id: "uses" }, "What it uses"),
        h("div", { class: "plots" },
          plot("Memory", samples, (sample) => sample.memory_bytes, bytes),
          plot("CPU", samples, (sample) => sample.cpu_percent, percent))),
      bad.length ? h("section", { "aria-labelledby": "bad", "data-key": "bad" },
        h("h2", { id: "bad" }, "Quarantine"), quarantineTable(bad)) : null,
      h("section", { "aria-labelledby": "happened" }, h("h2", { id: "happened" }, "Timeline"),
        timeline(world.histories.has(name) ? deploymentsOf(name) : null, world.crashes,
          { app: name, count: 30 })),
      h("p", {}, link(`${path}/logs`, `Logs of ${name}`)),
    ],
  };
}
