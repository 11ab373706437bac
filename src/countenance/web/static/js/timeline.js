// Lines of numbers between 0 and 1 over time, with thresholds and a strip of verdicts, as SVG.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;
const PLOT = 210; // height of the plot; the strip of verdicts stands below
const STRIP = { y: 222, height: 20 };

/** @param {string} name @param {Record<string, string|number>} attributes */
function node(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/**
 * @typedef {{key: string, label: string, shown: boolean}} Line
 * @typedef {{at_s: number, bona_fide: boolean|null, [key: string]: any}} Row
 */

export class Timeline {
  /** @param {SVGElement} svg viewBox 0 0 1000 250 @param {Line[]} lines */
  constructor(svg, lines) {
    this.svg = svg;
    this.lines = lines;
  }

  /**
   * Draw everything anew.
   * @param {Row[]} rows in time
   * @param {Record<string, number>} thresholds by the key of a line
   * @param {number} cursor index of the frame that is looked at
   */
  draw(rows, thresholds, cursor) {
    const [from, to] = [rows[0]?.at_s ?? 0, rows.at(-1)?.at_s ?? 0];
    const span = Math.max(to - from, 1e-6);
    const single = rows.length < 2;
    const x = (at) => (single ? WIDTH / 2 : ((at - from) / span) * WIDTH);
    const y = (value) => PLOT - value * (PLOT - 8) - 4;
    const parts = [];
    for (const share of [0, 0.5, 1]) parts.push(node("line", { class: "grid-line", x1: 0, x2: WIDTH, y1: y(share), y2: y(share) }));
    for (const line of this.lines.filter((one) => one.shown)) {
      if (thresholds[line.key] !== undefined && line.key === "bona_fide_score") {
        const at = y(thresholds[line.key]);
        parts.push(node("line", { class: "threshold", x1: 0, x2: WIDTH, y1: at, y2: at }));
      }
      const d = this.path(rows, line.key, x, y, single);
      if (d) parts.push(node("path", { class: `series ${line.key}`, d }));
    }
    parts.push(...this.strip(rows, x, single));
    if (rows[cursor]) {
      const at = x(rows[cursor].at_s);
      parts.push(node("line", { class: "cursor", x1: at, x2: at, y1: 0, y2: STRIP.y + STRIP.height }));
    }
    this.svg.replaceChildren(...parts);
  }

  /** A line with gaps where there is no number. */
  path(rows, key, x, y, single) {
    let d = "";
    let isOpen = false;
    for (const row of rows) {
      const value = row[key];
      if (value === null || value === undefined) { isOpen = false; continue; }
      const [px, py] = [x(row.at_s).toFixed(1), y(value).toFixed(1)];
      d += single ? `M${px - 60} ${py}h120` : `${isOpen ? "L" : "M"}${px} ${py}`;
      if (!isOpen && !single) d += "h0.01"; // a lone number is a dot
      isOpen = true;
    }
    return d;
  }

  /** One block for each stretch of the same verdict; attacks fill half the height. */
  strip(rows, x, single) {
    const blocks = [];
    const kind = (row) => (row.bona_fide === null ? "none" : row.bona_fide ? "good" : "bad");
    for (let start = 0; start < rows.length;) {
      let end = start;
      while (end + 1 < rows.length && kind(rows[end + 1]) === kind(rows[start])) end += 1;
      const left = single ? 0 : x(rows[start].at_s);
      const right = single ? WIDTH : end + 1 < rows.length ? x(rows[end + 1].at_s) : WIDTH;
      const isBad = kind(rows[start]) === "bad";
      blocks.push(node("rect", {
        class: `strip ${kind(rows[start])}`, x: left, width: Math.max(right - left, 1.5),
        y: STRIP.y + (isBad ? STRIP.height / 2 : 0), height: isBad ? STRIP.height / 2 : STRIP.height,
      }));
      start = end + 1;
    }
    return blocks;
  }
}
