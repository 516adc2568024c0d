// What the page knows, kept fresh by the daemon's events and by asking now and then.
import { Refused, currentSession, get, listen, seen } from "./api.js";

const LOOK_EVERY = 5000;
const RETRY_FIRST = 500;
const RETRY_MOST = 5000;
const ROWS = 100;
const ROWS_OF_APP = 30;

export const world = {
  connected: null, // null: not tried yet
  apps: null,
  deployments: null, // the newest of all apps, newest first
  others: new Map(), // further ones that were asked for, by id
  histories: new Set(), // apps whose own newest ones are known
  missing: new Set(), // ids of deployments that there aren't
  deliveries: null,
  quarantine: null,
  crashes: null,
  samples: new Map(), // by app
  fleet: null, // its group is null where this host is in none
  fleetTrouble: "",
  trouble: "",
};

let changed = () => {};
export const onChange = (listener) => {
  changed = listener;
};

const sources = {
  apps: "/v1/apps",
  deployments: `/v1/history?n=${ROWS}`,
  deliveries: `/v1/deliveries?n=${ROWS}`,
  quarantine: "/v1/quarantine",
  crashes: "/v1/crashes",
  fleet: "/v1/fleet",
};

// Where the answer to a name is, and what becomes of it. Of one app or deployment: "samples:backend".
const narrow = {
  samples: (app) => [`/v1/apps/${encodeURIComponent(app)}/samples`,
    (answer) => world.samples.set(app, answer.samples)],
  history: (app) => [`/v1/apps/${encodeURIComponent(app)}/history?n=${ROWS_OF_APP}`, (answer) => {
    for (const row of answer.deployments) world.others.set(row.id, row);
    world.histories.add(app);
  }],
  deployment: (id) => [`/v1/deployments/${id}`, (row) => world.others.set(row.id, row)],
};

function sourceOf(name) {
  if (sources[name]) {
    return [sources[name], (answer) => { world[name] = name === "fleet" ? answer : answer[name]; }];
  }
  const colon = name.indexOf(":");
  return narrow[name.slice(0, colon)](name.slice(colon + 1));
}

// Asks for these again, each at most once at a time and once more for what came meanwhile.
const asking = new Map();
export function refresh(...names) {
  for (const name of names) {
    if (asking.has(name)) asking.set(name, true);
    else ask(name);
  }
}

// Being away is told by the stream of events; a refusal is told as it is, until it is none any more.
const troubles = new Map();
function setTrouble(name, text) {
  if (text) troubles.set(name, text);
  else troubles.delete(name);
  world.fleetTrouble = troubles.get("fleet") || "";
  world.trouble = [...troubles].find(([one]) => one !== "fleet")?.[1] || "";
}

const again = () => [...troubles.keys()].filter((name) => name !== "fleet");

async function ask(name) {
  asking.set(name, false);
  try {
    const [path, put] = sourceOf(name);
    put(await get(path));
    setTrouble(name, "");
    changed();
  } catch (error) {
    if (error instanceof Refused && error.status !== 401) {
      if (error.status === 404) world.missing.add(name);
      else setTrouble(name, error.message);
      changed();
    }
  } finally {
    const oncemore = asking.get(name);
    asking.delete(name);
    if (oncemore) ask(name);
  }
}

// Asks for it where that wasn't done in the last `every` ms of this connection.
const askedAt = new Map();
export function want(name, every = Infinity) {
  if (askedAt.has(name) && Date.now() - askedAt.get(name) <= every) return;
  askedAt.set(name, Date.now());
  refresh(name);
}

export function deploymentById(id) {
  return (world.deployments || []).find((row) => row.id === id) || world.others.get(id) || null;
}

// Those of an app, as far as they are known.
export function deploymentsOf(app) {
  const known = new Map(world.others);
  for (const row of world.deployments || []) known.set(row.id, row);
  return [...known.values()].filter((row) => row.app === app);
}

function putDeployment(row) {
  // What is being read just now may be older than this.
  if (asking.has("deployments")) refresh("deployments");
  if (asking.has(`history:${row.app}`)) refresh(`history:${row.app}`);
  if (world.others.has(row.id)) world.others.set(row.id, row);
  const rows = world.deployments;
  if (!rows) return;
  const place = rows.findIndex((one) => one.id <= row.id);
  if (place >= 0 && rows[place].id === row.id) rows[place] = row;
  else if (place >= 0 || rows.length < ROWS) rows.splice(place < 0 ? rows.length : place, 0, row);
  rows.splice(ROWS);
}

function take(event) {
  if (event.type === "deployment") {
    putDeployment(event.deployment);
    refresh("apps");
    if (event.deployment.trigger === "webhook") refresh("deliveries");
  } else if (event.type === "delivery") {
    refresh("deliveries");
  } else if (event.type === "quarantine") {
    refresh("quarantine");
  } else if (event.type === "crash") {
    refresh("apps", "crashes");
  }
  changed();
}

let stop = null;

// Follows the daemon until stopFollowing(), through its restarts.
export async function follow() {
  if (stop) return;
  const abort = (stop = new AbortController());
  const timer = setInterval(() => {
    if (world.connected && !document.hidden) refresh("apps", ...again());
  }, LOOK_EVERY);
  let wait = RETRY_FIRST;
  while (!abort.signal.aborted && currentSession()) {
    await seen();
    if (abort.signal.aborted) break;
    try {
      await listen("/v1/events", {
        signal: abort.signal,
        onEvent: take,
        onOpen: () => {
          wait = RETRY_FIRST;
          world.connected = true;
          askedAt.clear();
          world.missing.clear();
          refresh(...Object.keys(sources));
          changed();
        },
      });
    } catch {
      // Told below, whatever it was.
    }
    if (abort.signal.aborted || !currentSession()) break;
    if (document.hidden) continue;
    world.connected = false;
    changed();
    await new Promise((go) => setTimeout(go, wait));
    wait = Math.min(wait * 2, RETRY_MOST);
  }
  clearInterval(timer);
}

export function stopFollowing() {
  stop?.abort();
  stop = null;
  world.connected = null;
  for (const name of Object.keys(sources)) world[name] = null;
  for (const kept of [world.samples, world.others, world.histories, world.missing, troubles, askedAt]) {
    kept.clear();
  }
  setTrouble("fleet", "");
}
