// Elements from plain values. Text goes in as text and in no other way: nothing that came from
// outside is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "line", "text", "g", "circle", "title"]);

// h("p", {class: "x", hidden: false}, "text", child, [children], null)
export function h(tag, attributes, ...children) {
  const node = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(node, child);
    else node.append(child instanceof Node ? child : String(child));
  }
}

// Makes what is there (`old`) like `fresh` and touches only what differs, so that focus, selection
// and scrolling stay. Children with a data-key are found again by it; those that aren't always there
// need one, or what is behind them is taken for them. What has data-own is drawn by somebody else: its
// attributes follow, its content stays.
export function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (!old.hasAttribute("data-own")) morphChildren(old, fresh);
}

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("data-key") : null);

export function morphChildren(old, fresh) {
  // What goes is taken out first: what stays must not move, for it would lose the focus.
  const wantedKeys = new Set([...fresh.children].map(keyOf));
  const keyed = new Map();
  for (const child of [...old.children]) {
    if (!keyOf(child)) continue;
    if (wantedKeys.has(keyOf(child))) keyed.set(keyOf(child), child);
    else child.remove();
  }
  let place = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const same = keyOf(wanted) ? keyed.get(keyOf(wanted)) : null;
    if (same) {
      if (same === place) place = place.nextSibling;
      else old.insertBefore(same, place);
      morph(same, wanted);
    } else if (keyOf(wanted) || !place || keyOf(place)) {
      old.insertBefore(wanted, place);
    } else {
      const next = place.nextSibling;
      morph(place, wanted);
      place = next;
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}
