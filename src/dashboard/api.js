// The control API of the daemon that served this page.
//
// The session's cookie is out of a script's reach; its key is kept for this origin alone, and goes
// with every request. Either without the other opens nothing.

// Behind a proxy it may have a path of its own, and neighbours with theirs.
const BASE = new URL(".", location.href).pathname;
const STORE = `lastgood.session${BASE === "/" ? "" : BASE}`;
export const KEY_HEADER = "X-Lastgood-Key";

export class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(STORE)) || null;
  } catch {
    return null;
  }
}

let session = stored();
let whySignIn = "";
const listeners = [];
const ENDED = "Your session has ended. Sign in again.";

export const currentSession = () => session;
// What there is to say to whoever has to sign in.
export const signInReason = () => whySignIn;
export const onSession = (listener) => listeners.push(listener);

function setSession(next, why = "") {
  session = next;
  whySignIn = why;
  if (next) localStorage.setItem(STORE, JSON.stringify(next));
  else localStorage.removeItem(STORE);
  for (const listener of listeners) listener();
}

// Another tab signed in or out.
addEventListener("storage", (event) => {
  if (event.key !== STORE) return;
  session = stored();
  whySignIn = session ? "" : ENDED;
  for (const listener of listeners) listener();
});

export const may = (role) => {
  const ranks = ["none", "read", "deploy", "admin"];
  return session !== null && ranks.indexOf(session.role) >= ranks.indexOf(role);
};

async function send(path, options = {}) {
  const headers = { ...(options.headers || {}) };
  const asked = session;
  if (asked) headers[KEY_HEADER] = asked.key;
  let response;
  try {
    response = await fetch(BASE + path.slice(1),
      { ...options, headers, cache: "no-store", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("no answer from the daemon"); // the browser's own words help nobody
  }
  if (response.ok) return response;
  let text = `the daemon answered ${response.status}`;
  try {
    text = (await response.json()).error || text;
  } catch {
    // It was no JSON: the status has to do.
  }
  if (response.status === 401 && asked) {
    text = "your session has ended";
    // A late answer to a session before this one says nothing of this one.
    if (stored()?.key === asked.key) setSession(null, ENDED);
  }
  throw new Refused(response.status, text);
}

export const get = async (path) => (await send(path)).json();

export const post = async (path, body = {}) =>
  (await send(path, { method: "POST", body: JSON.stringify(body) })).json();

export async function signIn(token, name) {
  setSession(await post("/v1/session", { token, name }));
}

export async function signOut() {
  try {
    await send("/v1/session", { method: "DELETE" });
  } finally {
    setSession(null);
  }
}

// When the page can be seen. All tabs of a browser share six connections to a host: those that nobody
// looks at hold none, or the seventh would wait for ever.
export async function seen() {
  while (document.hidden) {
    await new Promise((go) => document.addEventListener("visibilitychange", go, { once: true }));
  }
}

// A stream of server-sent events: `onEvent` gets each as an object, `onOpen` comes when it has begun.
// Ends by an error, when the daemon ends it, or with the page out of sight; `silence` ms without a sign
// count as an end.
export async function listen(path, { onOpen, onEvent, signal, silence = 40000 }) {
  if (signal?.aborted) return;
  const abort = new AbortController();
  const stop = () => abort.abort();
  const hide = () => document.hidden && stop();
  signal?.addEventListener("abort", stop);
  document.addEventListener("visibilitychange", hide);
  let timer = setTimeout(stop, silence);
  try {
    const response = await send(path, { signal: abort.signal });
    onOpen?.();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(stop, silence);
      const frames = (rest + value).split("\n\n");
      rest = frames.pop();
      for (const frame of frames) {
        if (frame.startsWith("data: ")) onEvent(JSON.parse(frame.slice(6)));
      }
    }
  } finally {
    clearTimeout(timer);
    stop(); // also after an error of `onEvent`
    signal?.removeEventListener("abort", stop);
    document.removeEventListener("visibilitychange", hide);
  }
}
