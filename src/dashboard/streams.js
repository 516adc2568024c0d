// What grows while one looks: log lines, and the output of a deployment. Elements of their own, which
// begin and end with being on the page.
import { Refused, get, listen, seen } from "./api.js";
import { h } from "./dom.js";

const LINES_KEPT = 2000;
const LINES_FIRST = 200;
const LINES_MISSED = 1000; // read at most after the stream was away
const LETTERS_KEPT = 2_000_000; // of lines, which can be long
const DRAW_EVERY = 100; // an app can write faster than a page is laid out
const RETRY = 1000;
const LOOK_EVERY = 500;
const OUTPUT_FIRST = 256 * 1024;
const LEFT_OUT = "[the beginning is left out here]\n";

// Colours and the like, which programs write for terminals.
const plain = (text) => text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
const exact = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat([], { timeStyle: "medium", hourCycle: "h23" });
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
    clearTimeout(this.drawing);
    this.drawing = null;
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

  // Anew, with the form as it is; after a break it goes on behind the last line. What is shown stays
  // until there is something else to show.
  async begin() {
    this.abort?.abort();
    const { signal } = (this.abort = new AbortController());
    const app = this.getAttribute("app");
    const path = app ? `/v1/apps/${encodeURIComponent(app)}/logs` : "/v1/logs";
    const query = this.query();
    this.last = { time: "", lines: new Set() }; // the newest, and all of its moment
    this.say("Reading…");
    if (!this.form.elements.follow.checked) {
      await this.readLines(`${path}?${query}`, signal).catch((error) => this.say(error.message, signal));
      return;
    }
    query.set("follow", "1");
    while (!signal.aborted) {
      await seen();
      if (this.last.time) {
        query.set("since", this.last.time);
        query.set("n", LINES_MISSED);
      }
      let why = "Not connected";
      try {
        await this.followLines(`${path}?${query}`, signal);
      } catch (error) {
        if (error instanceof Refused) why = error.message;
        if (error instanceof Refused && error.status !== 503) return this.say(why, signal);
      }
      if (signal.aborted || document.hidden) continue;
      this.say(`${why}; trying again…`, signal);
      await pause(RETRY);
    }
  }

  say(text, signal = null) {
    if (!signal?.aborted && this.state.textContent !== text) this.state.textContent = text;
  }

  async followLines(url, signal) {
    const before = { time: this.last.time, lines: new Set(this.last.lines) };
    let first = true;
    await listen(url, {
      signal,
      onOpen: () => {
        if (!before.time) this.clear();
        this.say("Following.", signal);
      },
      onEvent: (line) => {
        if (line.error) throw new Refused(400, line.error);
        const known = line.time === before.time && before.lines.has(JSON.stringify(line));
        if (before.time && first && !known) this.put({ time: line.time, gap: true });
        first = false;
        if (!known) this.put(line);
      },
    });
  }

  async readLines(url, signal) {
    const { lines } = await get(url);
    if (signal.aborted) return;
    this.clear();
    this.say(lines.length ? `${lines.length} lines.` : "No line fits.");
    lines.forEach((line) => this.put(line));
  }

  clear() {
    this.waiting = [];
    this.held = 0;
    this.box.replaceChildren();
  }

  put(line) {
    if (line.time > this.last.time) this.last = { time: line.time, lines: new Set() };
    if (!line.gap && line.time === this.last.time) this.last.lines.add(JSON.stringify(line));
    this.waiting.push(line);
    this.drawing ||= setTimeout(() => {
      this.drawing = null;
      this.drawLines();
    }, DRAW_EVERY);
  }

  drawLines() {
    const lines = this.waiting.slice(-LINES_KEPT);
    this.waiting = [];
    keepingBottom(this.box, () => {
      this.box.append(...lines.map((line) => this.row(line)));
      while (this.box.childElementCount > LINES_KEPT || this.held > LETTERS_KEPT) {
        this.held -= this.box.firstElementChild.textContent.length;
        this.box.firstElementChild.remove();
      }
    });
  }

  row(line) {
    if (line.gap) {
      return h("div", { class: "row" }, h("span", { class: "mark" }, "… lines are left out here …"));
    }
    const when = new Date(line.time);
    const mark = [line.slot || line.level, line.stream || line.component || line.file]
      .filter(Boolean).join(" ");
    // What an app writes to stderr is no error by that: many write all of their log there.
    const tone = line.level === "error" ? "bad" : line.level === "warn" ? "warn"
      : line.stream === "err" ? "err" : "";
    const row = h("div", { class: `row ${tone}` },
      h("time", { datetime: line.time, title: exact.format(when) }, clock.format(when)),
      " ", h("span", { class: "source" }, line.source), " ",
      h("span", { class: "mark" }, mark), " ",
      h("span", { class: "text" }, plain(line.text)));
    this.held += row.textContent.length;
    return row;
  }
}

class OutputPanel extends HTMLElement {
  connectedCallback() {
    this.next = 0;
    this.box = h("pre", { class: "log output", role: "log", "aria-live": "off", tabindex: 0,
      "aria-label": "Output" });
    this.held = 0;
    this.cut = h("span");
    this.box.append(this.cut);
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
        await pause(RETRY);
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
      this.cut.textContent = LEFT_OUT;
      return false;
    }
    this.next = piece.next;
    if (piece.text) keepingBottom(this.box, () => this.add(plain(piece.text)));
    return piece.next >= piece.size;
  }

  add(text) {
    this.box.append(text);
    this.held += text.length;
    while (this.held > LETTERS_KEPT) {
      this.cut.textContent = LEFT_OUT;
      this.held -= this.cut.nextSibling.data.length;
      this.cut.nextSibling.remove();
    }
  }
}

customElements.define("log-panel", LogPanel);
customElements.define("output-panel", OutputPanel);

export const logPanel = (app) =>
  h("log-panel", { "data-own": true, "data-key": `logs ${app}`, app });

export const outputPanel = (deployment) =>
  h("output-panel", { "data-own": true, "data-key": `output ${deployment.id}`,
    deployment: deployment.id, ended: deployment.outcome !== "" });
