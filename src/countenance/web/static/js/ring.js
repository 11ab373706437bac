// The ring around the picture: one segment for each good frame, closed by the verdict.

const SVG = "http://www.w3.org/2000/svg";
const CENTRE = { x: 144, y: 176 };
const RADIUS = { x: 141, y: 173 };
const GAP = 0.3; // share of a segment's angle

/** @param {number} angle radians, clockwise from the top */
const point = (angle) =>
  `${(CENTRE.x + RADIUS.x * Math.sin(angle)).toFixed(2)} ${(CENTRE.y - RADIUS.y * Math.cos(angle)).toFixed(2)}`;

const path = (d, name) => {
  const node = document.createElementNS(SVG, "path");
  node.setAttribute("d", d);
  node.setAttribute("class", name);
  return node;
};

export class Ring {
  /** @param {SVGElement} svg viewBox 0 0 288 352 @param {number} count segments */
  constructor(svg, count) {
    this.svg = svg;
    this.draw(count);
  }

  /** @param {number} count segments, at least 1 */
  draw(count) {
    const step = (2 * Math.PI) / count;
    this.segments = Array.from({ length: count }, (_, k) => {
      const from = point((k + GAP / 2) * step);
      const to = point((k + 1 - GAP / 2) * step);
      const large = step * (1 - GAP) > Math.PI ? 1 : 0;
      return path(`M${from}A${RADIUS.x} ${RADIUS.y} 0 ${large} 1 ${to}`, "segment");
    });
    const whole = document.createElementNS(SVG, "ellipse");
    for (const [name, value] of Object.entries({ cx: CENTRE.x, cy: CENTRE.y, rx: RADIUS.x, ry: RADIUS.y })) {
      whole.setAttribute(name, String(value));
    }
    this.left = path("M-18 163l-14 13l14 13", "arrow");
    this.right = path("M306 163l14 13l-14 13", "arrow");
    this.svg.replaceChildren(...this.segments, whole, this.left, this.right);
  }

  /** Light the first segments. @param {number} done @param {number} all */
  show(done, all) {
    if (all !== this.segments.length) this.draw(all);
    this.segments.forEach((node, k) => node.classList.toggle("lit", k < done));
  }

  /** Point to the side to which the head should turn. @param {"left"|"right"|null} side */
  point(side) {
    this.left.classList.toggle("shown", side === "left");
    this.right.classList.toggle("shown", side === "right");
  }
}

const MARKS = { granted: "M5 13.500l5 5L21 7.500", refused: "M7 7l12 12M19 7L7 19" };

/** Put tick or cross into the badge. @param {HTMLElement} badge @param {"granted"|"refused"} mark */
export function drawBadge(badge, mark) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 26 26");
  svg.setAttribute("fill", "none");
  const line = path(MARKS[mark], "mark");
  for (const [name, value] of Object.entries({ stroke: "currentColor", "stroke-width": "3.5", "stroke-linecap": "round", "stroke-linejoin": "round" })) {
    line.setAttribute(name, value);
  }
  svg.append(line);
  badge.replaceChildren(svg);
}
