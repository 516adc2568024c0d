// What the page knows, kept fresh by the daemon's events and by asking now and then.
import { Refused, currentSession, get, listen } from "./api.js";

const LOOK_EVERY = 5000;
const RETRY_FIRST = 500;
const RETRY_MOST = 5000;
const ROWS = 100;

export const world = {
  connected: null, // null: not tried yet
  apps: null,
  deployments: null, // newest first
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
  apps: ["/v1/apps", "apps"],
  deployments: [`/v1/history?n=${ROWS}`, "deployments"],
  deliveries: [`/v1/deliveries?n=${ROWS}`, "deliveries"],
  quarantine: ["/v1/quarantine", "quarantine"],
  crashes: ["/v1/crashes", "crashes"],
  fleet: ["/v1/fleet", null],
};

// Asks for these again, each at most once at a time and once more for what came meanwhile.
const asking = new Map();
export function refresh(...names) {
  for (const name of names) {
    if (asking.has(name)) asking.set(name, true);
    else ask(name);
  }
}

async function ask(name) {
  asking.set(name, false);
  try {
    const [path, field] = sources[name] || [`/v1/apps/${name.slice(8)}/samples`, "samples"];
    const answer = await get(path);
    const rows = field ? answer[field] : answer;
    if (name === "fleet") world.fleetTrouble = "";
    if (sources[name]) world[name] = rows;
    else world.samples.set(name.slice(8), rows);
    changed();
  } catch (error) {
    // Being away is told by the stream of events; a refusal is told as it is.
    if (error instanceof Refused && error.status !== 401) {
      world[name === "fleet" ? "fleetTrouble" : "trouble"] = error.message;
      changed();
    }
  } finally {
    const again = asking.get(name);
    asking.delete(name);
    if (again) ask(name);
  }
}

export const refreshSamples = (app) => refresh(`samples:${app}`);

export function deploymentById(id) {
  return (world.deployments || []).find((row) => row.id === id) || null;
}

export function putDeployment(row) {
  const rows = world.deployments || (world.deployments = []);
  const place = rows.findIndex((one) => one.id <= row.id);
  if (place >= 0 && rows[place].id === row.id) rows[place] = row;
  else rows.splice(place < 0 ? rows.length : place, 0, row);
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
    if (world.connected && document.visibilityState === "visible") refresh("apps");
  }, LOOK_EVERY);
  let wait = RETRY_FIRST;
  while (!abort.signal.aborted && currentSession()) {
    try {
      await listen("/v1/events", {
        signal: abort.signal,
        onEvent: take,
        onOpen: () => {
          wait = RETRY_FIRST;
          world.connected = true;
          world.trouble = "";
          refresh(...Object.keys(sources));
          changed();
        },
      });
    } catch {
      // Told below, whatever it was.
    }
    if (abort.signal.aborted || !currentSession()) break;
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
  world.fleetTrouble = "";
  world.samples.clear();
}
