// Signs every example event of GitHub's with GitHub's own library and sends it, as JSON and as a
// form: octokit.mjs URL SECRET. Prints what was answered.
import { randomUUID } from "node:crypto";
import examples from "@octokit/webhooks-examples" with { type: "json" };
import { sign } from "@octokit/webhooks-methods";

const [url, secret] = process.argv.slice(2);

const jobs = [];
for (const { name, examples: payloads } of examples) {
  for (const payload of payloads) {
    const json = JSON.stringify(payload);
    const form = new URLSearchParams({ payload: json }).toString();
    jobs.push({ name, payload, type: "application/json", body: json });
    jobs.push({ name, payload, type: "application/x-www-form-urlencoded", body: form });
  }
}

async function send({ name, payload, type, body }) {
  const id = randomUUID();
  const response = await fetch(url, {
    method: "POST",
    body,
    headers: {
      "content-type": type,
      "x-github-event": name,
      "x-github-delivery": id,
      "x-hub-signature-256": await sign(secret, body),
    },
  });
  const { ref, after, deleted } = payload;
  const answer = await response.json();
  return { id, event: name, type, ref, after, deleted, status: response.status, answer };
}

const answers = [];
let next = 0;
async function sender() {
  while (next < jobs.length) answers.push(await send(jobs[next++]));
}
await Promise.all(Array.from({ length: 8 }, sender));
console.log(JSON.stringify(answers));
