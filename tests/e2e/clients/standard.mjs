// Signs with the library of Standard Webhooks and sends, one after the other: a list of
// {url, secret, id, age_s, headers, body} on stdin. Prints what was answered.
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

const answers = [];
for (const { url, secret, id, age_s, headers, body } of JSON.parse(await text(process.stdin))) {
  const at = new Date(Date.now() - (age_s ?? 0) * 1000);
  const response = await fetch(url, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": Math.floor(at.getTime() / 1000).toString(),
      "webhook-signature": new Webhook(secret).sign(id, at, body),
      ...headers,
    },
  });
  answers.push({ status: response.status, answer: await response.json() });
}
console.log(JSON.stringify(answers));
