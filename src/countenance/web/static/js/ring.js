// The ring around the picture: one segment for each good frame, closed by the verdict. While a
// move is asked for it shows instead how much of the move is made.

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
    this.segments.forEach((node, k) => {
      node.classList.toggle("lit", k < done);
      node.classList.remove("side");
    });
  }

  /**
   * Light the side to which the head turns, from its middle outwards, as far as it has turned; or
   * the whole ring from below. The picture is mirrored, so the person's left is on the left.
   * @param {"left"|"right"|null} side null for the whole ring
   * @param {number} reach 0..1
   */
  follow(side, reach) {
    const step = (2 * Math.PI) / this.segments.length;
    const sign = side === "left" ? -1 : 1;
    // How near each segment lies to where the light begins; below 0 it stays dark.
    const near = this.segments.map((_, k) => {
      const angle = (k + 0.5) * step;
      return side ? sign * Math.sin(angle) : 1 - Math.cos(angle);
    });
    const concerned = near.filter((value) => value > -1e-6).sort((a, b) => b - a);
    const count = Math.round(reach * concerned.length);
    const least = count > 0 ? concerned[count - 1] - 1e-6 : Infinity;
    this.segments.forEach((node, k) => {
      node.classList.toggle("lit", near[k] >= least);
      node.classList.toggle("side", near[k] > -1e-6);
    });
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
