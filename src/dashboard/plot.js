// A line over time, as SVG, with its words for those who don't see it.
import { h } from "./dom.js";

const WIDTH = 600;
const HEIGHT = 120;
const GAP_MS = 5 * 60 * 1000; // no sample for so long: the line is broken there
const HOUR = 3600 * 1000;

const clock = (ms) =>
  new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

// The next "round" number.
export function roundUp(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= value * 0.999);
}

// `samples` from old to new; `value` of one, `words` of a value.
export function plot(title, samples, value, words) {
  if (!samples || samples.length < 2) {
    return h("figure", { class: "plot" }, h("figcaption", {}, h("strong", {}, title),
      h("span", { class: "quiet" }, " once there are two samples; one comes each minute")));
  }
  const points = samples.map((sample) => [Date.parse(sample.at), value(sample)]);
  const values = points.map(([, y]) => y);
  const [first, last] = [points[0][0], points[points.length - 1][0]];
  const top = roundUp(Math.max(...values) * 1.2);
  const x = (at) => ((at - first) / Math.max(1, last - first)) * WIDTH;
  const y = (amount) => HEIGHT - (amount / top) * HEIGHT;

  let line = "";
  let area = "";
  let start = 0;
  points.forEach(([at, amount], i) => {
    const begins = i === 0 || at - points[i - 1][0] > GAP_MS;
    const ends = i === points.length - 1 || points[i + 1][0] - at > GAP_MS;
    const place = `${x(at).toFixed(1)} ${y(amount).toFixed(1)}`;
    line += `${begins ? "M" : "L"}${place}`;
    if (begins) start = x(at);
    area += begins ? `M${start.toFixed(1)} ${HEIGHT}L${place}` : `L${place}`;
    if (ends) area += `L${x(at).toFixed(1)} ${HEIGHT}Z`;
  });

  const now = values[values.length - 1];
  const span = last - first > 1.5 * HOUR ? `${Math.round((last - first) / HOUR)} hours`
    : `${Math.max(1, Math.round((last - first) / 60000))} minutes`;
  const said = `${title}: now ${words(now)}, between ${words(Math.min(...values))} and ` +
    `${words(Math.max(...values))} in the last ${span}`;
  const svg = h("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": said,
    preserveAspectRatio: "none" },
  [0.5, 1].map((part) => h("line", { class: "grid", x1: 0, x2: WIDTH,
    y1: y(top * part) + (part === 1 ? 0.5 : 0), y2: y(top * part) + (part === 1 ? 0.5 : 0) })),
  h("path", { class: "area", d: area }),
  h("path", { class: "curve", d: line }));
  return h("figure", { class: "plot" },
    h("figcaption", {}, h("strong", {}, title), h("span", { class: "now" }, words(now))),
    h("div", { class: "frame" },
      h("span", { class: "top", "aria-hidden": "true" }, words(top)), svg),
    h("div", { class: "axis", "aria-hidden": "true" },
      h("span", {}, clock(first)), h("span", {}, clock(last))));
}
