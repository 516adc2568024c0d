// Values as people read them.
import { h } from "./dom.js";

const UNITS = [
  ["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function ago(time, now = Date.now()) {
  // What has happened isn't to come, even where this clock is behind the daemon's.
  const seconds = Math.min(0, Math.round((new Date(time).getTime() - now) / 1000));
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return Math.abs(seconds) < 5 ? "just now" : relative.format(seconds, "second");
}

export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

export function bytes(count) {
  let value = count;
  for (const unit of ["B", "KB", "MB", "GB"]) {
    if (value < 1000 || unit === "GB") {
      return `${unit === "B" || value >= 100 ? Math.round(value) : value.toFixed(1)}\u00a0${unit}`;
    }
    value /= 1000;
  }
  return "";
}

export const percent = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)}\u00a0%`;
export const short = (commit) => (commit || "").slice(0, 7);
// "Ada <ada@example.org>" → "Ada"
export const person = (author) => (author || "").replace(/\s*<[^<>]*>\s*$/, "");

// The moment as text for people, and exactly where the pointer rests.
export function time(moment) {
  if (!moment) return "";
  const exact = new Date(moment);
  return h("time", { datetime: moment, title: exact.toLocaleString() }, ago(moment));
}

// A commit's short id; all of it where the pointer rests.
export function commit(id) {
  return id ? h("code", { class: "commit", title: id }, short(id)) : h("span", {}, "no commit");
}

export const PHASES = ["queued", "fetching", "building", "starting", "probation"];

const STATES = {
  running: ["good", "running"],
  probation: ["busy", "probation"],
  backoff: ["warn", "backoff"],
  stopped: ["idle", "stopped"],
  empty: ["idle", "nothing yet"],
  failed: ["bad", "failed"],
};
const OUTCOMES = {
  good: "good", failed: "bad", rolled_back: "bad", superseded: "idle", cancelled: "idle",
};
const DECISIONS = { deploy: "good", ignored: "idle", stale: "warn" };

export const badge = (tone, text) => h("span", { class: `badge ${tone}` }, text);

export function stateBadge(app) {
  const [tone, text] = STATES[app.state] || ["idle", app.state];
  return [badge(tone, text), app.paused ? [" ", badge("warn", "paused")] : null];
}

export function outcomeBadge(deployment) {
  if (!deployment.outcome) return badge("busy", deployment.phase);
  return badge(OUTCOMES[deployment.outcome] || "idle", deployment.outcome.replace("_", " "));
}

export const decisionBadge = (delivery) =>
  badge(DECISIONS[delivery.decision] || "idle", delivery.decision);

export const ALL_THE_SAME = "All the same, if it is in quarantine or not proved";
// The daemon names the option of its command.
export const forBrowser = (text) =>
  (text || "").replace("use --force", `tick “${ALL_THE_SAME}”`);

export const isBad = (outcome) => OUTCOMES[outcome] === "bad";

// Who or what asked for it.
export function trigger(deployment) {
  const by = deployment.by ? ` by ${deployment.by}` : "";
  const words = {
    webhook: "a push", poll: "the poller", cli: "asked for", rollback: "rolled back",
    "crash-loop": "after a crash loop", fleet: "the fleet", promote: "promoted",
  };
  return (words[deployment.trigger] || deployment.trigger) + by;
}
