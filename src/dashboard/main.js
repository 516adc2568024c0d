// Which view, and drawing it anew when something has changed.
import { currentSession, onSession, signIn, signInReason } from "./api.js";
import { appView } from "./app_view.js";
import { closeQuestions } from "./commands.js";
import { h, morphChildren } from "./dom.js";
import { fleetView } from "./fleet_view.js";
import { button, link } from "./parts.js";
import * as views from "./views.js";
import { deploymentById, follow, onChange, refresh, stopFollowing, want, world } from "./world.js";

const DRAW_EVERY = 10000; // times go on
const SAMPLES_EVERY = 60000;
const FLEET_EVERY = 2000; // while it is looked at

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const account = document.getElementById("account");
const connection = document.getElementById("connection");

const PLACES = [
  ["/", "Apps"], ["/timeline", "Timeline"], ["/deliveries", "Deliveries"],
  ["/quarantine", "Quarantine"], ["/logs", "Logs"],
];
const FLEET = ["/fleet", "Fleet"];

function view(path) {
  const parts = path.split("/").slice(1).map(decodeURIComponent);
  const [noun, name, more] = parts;
  if (noun === "") return views.overview();
  if (parts.length === 1) {
    const lists = { __proto__: null, timeline: views.deploymentList, deliveries: views.deliveries,
      quarantine: views.quarantine, logs: views.logs, fleet: fleetView };
    return (lists[noun] || views.unknown)();
  }
  if (noun === "apps" && parts.length === 2) return appView(name);
  if (noun === "apps" && more === "logs") return views.logs(name);
  if (noun === "deployments" && /^[1-9][0-9]{0,14}$/.test(name)) return views.deployment(Number(name));
  return views.unknown();
}

const currentPath = () => location.hash.replace(/^#/, "") || "/";

function safeView(path) {
  try {
    return view(path);
  } catch (error) {
    if (error instanceof URIError) return views.unknown();
    throw error;
  }
}

// Beside what is known to all views.
let looksAtFleet = false;
setInterval(() => {
  if (looksAtFleet && world.connected && document.visibilityState === "visible") refresh("fleet");
}, FLEET_EVERY);
function fetchWanted(wants) {
  if (wants?.app) {
    want(`samples:${wants.app}`, SAMPLES_EVERY);
    want(`history:${wants.app}`);
  }
  looksAtFleet = Boolean(wants?.fleet);
  // One that is older than the lists.
  if (wants?.deployment && world.deployments && !deploymentById(wants.deployment)) {
    want(`deployment:${wants.deployment}`);
  }
}

let drawing = false;
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawNow();
  });
}

let shownPath = null;
function drawNow() {
  const session = currentSession();
  drawFrame(session);
  if (!session) return;
  const path = currentPath();
  const { title, body, wants } = safeView(path);
  document.title = `${title} · lastgood`;
  const fresh = h("main", {}, body);
  if (path === shownPath) {
    const had = document.activeElement;
    const group = had?.closest("[role=group]");
    morphChildren(main, fresh);
    // What had the focus is gone: on with its neighbour, or from the beginning.
    if (!had?.isConnected) {
      ((group?.isConnected && group.lastElementChild) || main).focus({ preventScroll: true });
    }
  } else {
    const first = shownPath === null;
    shownPath = path;
    main.replaceChildren(...fresh.childNodes);
    // A new page: read from its beginning.
    scrollTo(0, 0);
    if (!first) main.focus({ preventScroll: true });
  }
  fetchWanted(wants);
}

function drawFrame(session) {
  const path = currentPath();
  const known = world.fleet?.group ? [...PLACES, FLEET] : PLACES;
  const places = session ? known.map(([to, text]) => {
    const here = to === "/" ? path === "/" || path.startsWith("/apps/") : path.startsWith(to);
    const item = link(to, text);
    if (here) item.setAttribute("aria-current", "page");
    return item;
  }) : [];
  morphChildren(nav, h("nav", {}, places));
  morphChildren(account, h("div", {}, session
    ? [h("span", { class: "who" }, session.name, session.role === "admin" ? "" : ` (${session.role})`),
      button("Sign out", "sign-out", {}, "plain")] : []));
  const words = !session || world.connected === null ? ""
    : world.connected ? world.trouble : "Not connected to the daemon. Trying again…";
  if (connection.textContent !== words) connection.textContent = words;
  connection.className = words ? "away" : "";
  document.body.dataset.connected = String(Boolean(session && world.connected));
}

function drawSignIn() {
  document.title = "Sign in · lastgood";
  shownPath = null;
  const fault = h("p", { class: "notice bad", role: "alert", hidden: true });
  const why = signInReason();
  const form = h("form", { class: "sign-in" },
    h("h1", {}, "Sign in"),
    why ? h("p", { class: "notice", role: "status" }, why) : null,
    h("label", {}, h("span", {}, "Token"), h("input", { name: "token", type: "password",
      required: true, autocomplete: "current-password", autocapitalize: "off" })),
    h("label", {}, h("span", {}, "Your name, for the history"), h("input", { name: "name",
      maxlength: 60, autocomplete: "username", placeholder: "dashboard" })),
    fault,
    h("button", { type: "submit", class: "primary" }, "Sign in"),
    h("p", { class: "quiet" }, "The token is in the file that ", h("code", {}, "admin.token_file"),
      " names in the config."));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const pressed = form.querySelector("button");
    pressed.disabled = true;
    try {
      await signIn(form.elements.token.value, form.elements.name.value);
    } catch (error) {
      fault.textContent = error.message;
      fault.hidden = false;
      form.elements.token.select();
    } finally {
      pressed.disabled = false;
    }
  });
  main.replaceChildren(form);
  form.elements.token.focus();
}

function sessionChanged() {
  stopFollowing();
  closeQuestions();
  if (currentSession()) {
    shownPath = null;
    main.replaceChildren();
    follow();
    drawNow();
  } else {
    drawFrame(null);
    drawSignIn();
  }
}

onChange(draw);
onSession(sessionChanged);
addEventListener("hashchange", () => {
  closeQuestions();
  draw();
});
setInterval(() => currentSession() && draw(), DRAW_EVERY);
sessionChanged();
