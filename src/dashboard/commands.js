// What the buttons do: each asks first, says what came of it, and is only offered to who may.
import { may, post, signOut } from "./api.js";
import { h } from "./dom.js";
import { link } from "./parts.js";
import { ALL_THE_SAME, forBrowser, short } from "./words.js";
import { refresh } from "./world.js";

const told = document.getElementById("told");
const TOLD_FOR = 8000;

// What was typed, or null when it was cancelled.
function ask({ title, text, fields = [], confirm, danger = false }) {
  const form = h("form", { method: "dialog" },
    h("h2", { id: "dialog-title" }, title),
    h("p", {}, text),
    fields,
    h("div", { class: "buttons" },
      h("button", { value: "", type: "submit", formnovalidate: true }, "Cancel"),
      h("button", { value: "go", type: "submit", class: danger ? "danger" : "primary" }, confirm)));
  // Enter in a field confirms, and does not press the first button.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.nodeName !== "INPUT") return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("button[value=go]"));
  });
  // A fresh one for each question: the end of the last may be told late.
  const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, form);
  document.body.append(dialog);
  dialog.showModal();
  (form.querySelector("input") || form.querySelector("button[value=go]")).focus();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => {
      answer(dialog.returnValue === "go" ? new FormData(form) : null);
      dialog.remove();
      // The button that it came from may be gone.
      if (document.activeElement === document.body) document.getElementById("main").focus();
    });
  });
}

// What was asked belongs to the view and the session in which it was.
export function closeQuestions() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close("");
}

function tell(tone, ...content) {
  const message = h("p", { class: `toast ${tone}`, role: tone === "bad" ? "alert" : null },
    h("span", {}, content),
    h("button", { type: "button", class: "plain", "aria-label": "Dismiss", "data-action": "dismiss" },
      "×"));
  told.append(message);
  if (tone !== "bad") setTimeout(() => message.remove(), TOLD_FOR);
}

async function run(app, path, body, done) {
  try {
    const outcome = await post(path, body);
    const name = app ? `${app}: ` : "";
    if (outcome.deployment) {
      tell("good", name, link(`/deployments/${outcome.deployment}`,
        `deployment ${outcome.deployment}`), " is on its way");
    } else {
      tell("good", name, forBrowser(outcome.reason) || done);
    }
  } catch (error) {
    tell("bad", app ? `${app}: ` : "", forBrowser(error.message));
  }
  refresh("apps", "deployments", "quarantine", "deliveries");
}

const path = (app, verb) => `/v1/apps/${encodeURIComponent(app)}/${verb}`;

const commands = {
  async deploy({ app, commit }) {
    const fields = [];
    if (!commit) {
      fields.push(h("label", {}, h("span", {}, "Commit"),
        h("input", { name: "commit", pattern: "[0-9a-fA-F]{4,64}", maxlength: 64, spellcheck: "false",
          autocapitalize: "off", autocomplete: "off", placeholder: "the branch's tip" })));
    }
    if (may("admin")) {
      fields.push(h("label", { class: "check" }, h("input", { name: "force", type: "checkbox" }),
        h("span", {}, ALL_THE_SAME)));
    }
    const typed = await ask({
      title: `Deploy ${app}?`,
      text: commit ? `Commit ${short(commit)} is built, started, proved and goes live.`
        : "The commit is fetched, built, started, proved and goes live.",
      fields, confirm: "Deploy",
    });
    if (!typed) return;
    const body = {};
    const wanted = commit || typed.get("commit")?.trim();
    if (wanted) body.commit = wanted;
    if (typed.get("force")) body.force = true;
    await run(app, path(app, "deploy"), body);
  },

  async rollback({ app, commit }) {
    const sure = await ask({
      title: `Roll back ${app}?`,
      text: commit
        ? `The good release ${short(commit)} goes live again, at once. The commit that is left goes into quarantine.`
        : "The good release before this one goes live again, at once. The commit that is left goes into quarantine.",
      confirm: "Roll back", danger: true,
    });
    if (sure) await run(app, path(app, "rollback"), commit ? { to: commit } : {});
  },

  async pause({ app }) {
    const sure = await ask({
      title: `Pause ${app}?`,
      text: "Pushes are still recorded, and nothing is deployed by itself until you resume it.",
      confirm: "Pause",
    });
    if (sure) await run(app, path(app, "pause"), {}, "paused");
  },

  resume: ({ app }) => run(app, path(app, "resume"), {}, "resumed"),
  start: ({ app }) => run(app, path(app, "start"), {}, "started"),

  async stop({ app }) {
    const sure = await ask({
      title: `Stop ${app}?`, text: "Nobody answers its users until you start it again.",
      confirm: "Stop", danger: true,
    });
    if (sure) await run(app, path(app, "stop"), {}, "stopped");
  },

  async restart({ app }) {
    const sure = await ask({
      title: `Restart ${app}?`, text: "The release that is live gets a fresh process.",
      confirm: "Restart",
    });
    if (sure) await run(app, path(app, "restart"), {}, "restarted");
  },

  async redeliver({ id, app }) {
    const sure = await ask({
      title: "Handle this delivery again?",
      text: `${app} gets the commit that it names, by the rules of a push.`, confirm: "Redeliver",
    });
    if (sure) await run(app, "/v1/deliveries/redeliver", { id });
  },

  async release({ app, commit }) {
    const sure = await ask({
      title: "Release from quarantine?",
      text: `Commit ${short(commit)} of ${app} proved bad. It may be deployed again after this.`,
      confirm: "Release", danger: true,
    });
    if (sure) await run(app, path(app, "quarantine/release"), { commit }, "released");
  },

  "sign-out": () => signOut().catch(() => {}),
};

document.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-action]");
  // The second half of a double click was not meant for what has come under the pointer.
  if (!pressed || (event.detail > 1 && pressed.dataset.action !== "dismiss")) return;
  const { action, ...data } = pressed.dataset;
  if (action === "skip") {
    event.preventDefault(); // the address says which view it is
    document.getElementById("main").focus();
  } else if (action === "dismiss") {
    pressed.closest(".toast").remove();
    document.getElementById("main").focus({ preventScroll: true });
  } else {
    commands[action]?.(data);
  }
});
