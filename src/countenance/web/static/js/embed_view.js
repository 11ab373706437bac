// The parts of `stage.html`, made without markup so that pages with trusted types take them too.

const SVG = "http://www.w3.org/2000/svg";

/** @param {Element} node @param {Record<string, any>} attributes @param {(Element|string)[]} children */
function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

const html = (name, attributes = {}, ...children) => filled(document.createElement(name), attributes, children);
const svg = (name, attributes = {}, ...children) => filled(document.createElementNS(SVG, name), attributes, children);
const unheard = { "aria-hidden": "true", focusable: "false" };

/**
 * @param {{line: string, detail: string, frames: number, button?: string, note?: string, offersMoves?: boolean}} said
 * @returns {HTMLElement}
 */
export function buildView({ line, detail, frames, button = "", note = "", offersMoves = false }) {
  const press = (id, text, className = "", hidden = false) =>
    html("button", { type: "button", id, class: className, hidden }, text);
  const words = html("div", { class: "words" },
    html("p", { class: "line", id: "line", tabindex: "-1" }, line),
    html("p", { class: "detail", id: "detail" }, detail));
  const actions = html("div", { class: "actions", id: "actions" },
    press("start", button, "primary"),
    press("again", "Try again", "primary", true),
    ...(offersMoves ? [press("moves-only", "I prefer moves only")] : []),
    press("other", "Use another way", "", true),
    press("cannot", "I cannot do this", "plain"));
  return html("div", {
    class: "stage framed shaded", id: "stage", role: "group", "aria-label": "Face check", lang: "en",
    "data-state": "idle", "data-frames": String(frames),
  },
  picture(), words,
  html("p", { class: "unseen", role: "status", "aria-live": "polite", id: "live" }),
  actions,
  html("p", { class: "aside", id: "note" }, note),
  html("button", { type: "button", class: "pill", id: "speech", "aria-pressed": "true", hidden: true }));
}

/** The oval with ring, box and badge. */
function picture() {
  const video = html("video", { id: "video", playsinline: true, autoplay: true });
  video.muted = true; // the attribute counts for parsed markup alone
  const clip = svg("clipPath", { id: "oval-clip" }, svg("ellipse", { cx: "130", cy: "162", rx: "130", ry: "162" }));
  return html("div", { class: "view" },
    html("div", { class: "oval" }, video, html("canvas", { id: "still", hidden: true })),
    svg("svg", { class: "ring", id: "ring", viewBox: "0 0 288 352", ...unheard }),
    svg("svg", { class: "face-box", viewBox: "0 0 260 324", ...unheard },
      svg("defs", {}, clip),
      svg("g", { "clip-path": "url(#oval-clip)" }, svg("path", { id: "box", visibility: "hidden" }))),
    html("span", { class: "badge", id: "badge", "aria-hidden": "true" }));
}
