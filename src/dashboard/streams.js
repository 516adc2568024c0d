// What grows while one looks: log lines, and the output of a deployment. Elements of their own, which
// begin and end with being on the page.
import { Refused, get, listen } from "./api.js";
import { h } from "./dom.js";

const LINES_KEPT = 2000;
const LINES_FIRST = 200;
const RETRY = 1000;
const LOOK_EVERY = 500;
const OUTPUT_FIRST = 256 * 1024;

// Colours and the like, which programs write for terminals.
const plain = (text) => text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
const pause = (ms) => new Promise((go) => setTimeout(go, ms));

// Runs `change` and stays at the bottom where one was there.
function keepingBottom(box, change) {
  const atBottom = box.scrollHeight - box.scrollTop - box.clientHeight < 30;
  change();
  if (atBottom) box.scrollTop = box.scrollHeight;
}

const choice = (name, label, options) =>
  h("label", {}, h("span", {}, label), h("select", { name },
    options.map(([value, text]) => h("option", { value }, text))));

class LogPanel extends HTMLElement {
  connectedCallback() {
    const app = this.getAttribute("app");
    this.form = h("form", { class: "filters", role: "search", "aria-label": "Filter the lines" },
      h("label", { class: "wide" }, h("span", {}, "Filter"),
        h("input", { name: "grep", type: "search", maxlength: 250, spellcheck: "false",
          autocapitalize: "off", placeholder: "a regular expression" })),
      choice("level", "Level", [["", "all"], ["error", "errors"], ["warn", "warnings"],
        ["info", "info"]]),
      choice("since", "Since", [["", "always"], ["10m", "10 minutes"], ["1h", "an hour"],
        ["24h", "a day"]]),
      h("label", { class: "check" }, h("input", { name: "follow", type: "checkbox", checked: true }),
        h("span", {}, "Follow")));
    this.state = h("p", { class: "quiet", role: "status" });
    this.box = h("div", { class: "log", role: "log", "aria-live": "off", tabindex: 0,
      "aria-label": app ? `Lines of ${app}` : "Lines of all apps" });
    this.replaceChildren(this.form, this.state, this.box);
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.begin(), 250);
    });
    this.begin();
  }

  disconnectedCallback() {
    clearTimeout(this.typing);
    this.abort?.abort();
  }

  query() {
    const query = new URLSearchParams({ n: LINES_FIRST });
    for (const name of ["grep", "level", "since"]) {
      const value = this.form.elements[name].value;
      if (value) query.set(name, value);
    }
    return query;
  }

  // Anew, with the form as it is.
  async begin() {
    this.abort?.abort();
    const { signal } = (this.abort = new AbortController());
    const app = this.getAttribute("app");
    const path = app ? `/v1/apps/${encodeURIComponent(app)}/logs` : "/v1/logs";
    const query = this.query();
    const follow = this.form.elements.follow.checked;
    if (follow) query.set("follow", "1");
    let again = true;
    while (again && !signal.aborted) {
      let refused = false;
      try {
        this.box.replaceChildren();
        this.state.textContent = "Reading…";
        if (follow) await this.followLines(`${path}?${query}`, signal, () => { refused = true; });
        else await this.readLines(`${path}?${query}`, signal);
      } catch (error) {
        if (signal.aborted) return;
        refused = refused || error instanceof Refused;
        this.state.textContent = error instanceof Refused ? error.message : "Not connected.";
      }
      again = follow && !refused;
      if (again && !signal.aborted) {
        this.state.textContent = "Not connected; trying again…";
        await pause(RETRY);
      }
    }
  }

  async followLines(url, signal, onRefused) {
    await listen(url, {
      signal,
      onOpen: () => { this.state.textContent = "Following."; },
      onEvent: (line) => {
        if (line.error) {
          onRefused();
          throw new Refused(400, line.error);
        }
        this.add([line]);
      },
    });
  }

  async readLines(url, signal) {
    const { lines } = await get(url);
    if (signal.aborted) return;
    this.state.textContent = lines.length ? `${lines.length} lines.` : "No line fits.";
    this.add(lines);
  }

  add(lines) {
    keepingBottom(this.box, () => {
      for (const line of lines) this.box.append(this.row(line));
      while (this.box.childElementCount > LINES_KEPT) this.box.firstElementChild.remove();
    });
  }

  row(line) {
    const when = new Date(line.time);
    const mark = [line.slot || line.level, line.stream || line.component || line.file]
      .filter(Boolean).join(" ");
    // What an app writes to stderr is no error by that: many write all of their log there.
    const tone = line.level === "error" ? "bad" : line.level === "warn" ? "warn"
      : line.stream === "err" ? "err" : "";
    return h("div", { class: `row ${tone}` },
      h("time", { datetime: line.time, title: when.toLocaleString() },
        when.toLocaleTimeString([], { hourCycle: "h23" })),
      " ", h("span", { class: "source" }, line.source), " ",
      h("span", { class: "mark" }, mark), " ",
      h("span", { class: "text" }, plain(line.text)));
  }
}

class OutputPanel extends HTMLElement {
  connectedCallback() {
    this.next = 0;
    this.box = h("pre", { class: "log output", role: "log", "aria-live": "off", tabindex: 0,
      "aria-label": "Output" });
    this.replaceChildren(this.box);
    this.alive = true;
    this.run();
  }

  disconnectedCallback() {
    this.alive = false;
  }

  async run() {
    while (this.alive) {
      // Asked before: what came up to the end is read after it.
      const over = this.hasAttribute("ended");
      let all = false;
      try {
        all = await this.look();
      } catch (error) {
        if (error instanceof Refused && error.status !== 503) return;
      }
      if (all && over) {
        if (!this.next) this.box.textContent = "Nothing was written.";
        return;
      }
      if (all || !this.alive) await pause(LOOK_EVERY);
    }
  }

  // One piece more. True: that was all for now.
  async look() {
    const id = this.getAttribute("deployment");
    const piece = await get(`/v1/deployments/${id}/output?from=${this.next}`);
    if (this.next === 0 && piece.size > 2 * OUTPUT_FIRST) {
      this.next = piece.size - OUTPUT_FIRST;
      this.box.append(`[the first ${this.next} bytes are left out here]\n`);
      return false;
    }
    this.next = piece.next;
    if (piece.text) keepingBottom(this.box, () => this.box.append(plain(piece.text)));
    return piece.next >= piece.size;
  }
}

customElements.define("log-panel", LogPanel);
customElements.define("output-panel", OutputPanel);

export const logPanel = (app) =>
  h("log-panel", { "data-own": true, "data-key": `logs ${app}`, app });

export const outputPanel = (deployment) =>
  h("output-panel", { "data-own": true, "data-key": `output ${deployment.id}`,
    deployment: deployment.id, ended: deployment.outcome !== "" });
