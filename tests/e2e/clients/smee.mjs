// Relays a channel's events to a hook: smee.mjs CHANNEL HOOK. It says what it did on stdout.
import { SmeeClient } from "smee-client";

const [source, target] = process.argv.slice(2);
const say = (...parts) => console.log(...parts);
await new SmeeClient({ source, target, logger: { info: say, error: say } }).start();
