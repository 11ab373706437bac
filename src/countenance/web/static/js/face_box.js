// The box around the face, moved from the camera's frame into the mirrored oval view.

const VIEW = { width: 260, height: 324 };

/**
 * Draw the box; null takes it away.
 * @param {SVGPathElement} path
 * @param {number[]|null} box x0 y0 x1 y1 as shares of the frame
 * @param {{width: number, height: number}} frame size of the camera's frame, pixels
 */
export function drawBox(path, box, frame) {
  if (!box || !frame.width) {
    path.setAttribute("visibility", "hidden");
    return;
  }
  const scale = Math.max(VIEW.width / frame.width, VIEW.height / frame.height);
  const [w, h] = [frame.width * scale, frame.height * scale];
  const x0 = (VIEW.width - w) / 2 + (1 - box[2]) * w; // mirrored
  const y0 = (VIEW.height - h) / 2 + box[1] * h;
  const [width, height] = [(box[2] - box[0]) * w, (box[3] - box[1]) * h];
  path.setAttribute("d", corners(x0, y0, width, height));
  path.setAttribute("visibility", "visible");
}

/** Four rounded corners of a rectangle, as path data. */
function corners(x, y, width, height) {
  const r = Math.min(width, height) * 0.12;
  const arm = Math.min(width, height) * 0.1;
  const [right, bottom] = [x + width, y + height];
  const corner = (cx, cy, sx, sy) =>
    `M${(cx + sx * (r + arm)).toFixed(1)} ${cy.toFixed(1)}h${(-sx * arm).toFixed(1)}` +
    `q${(-sx * r).toFixed(1)} 0 ${(-sx * r).toFixed(1)} ${(sy * r).toFixed(1)}v${(sy * arm).toFixed(1)}`;
  return corner(x, y, 1, 1) + corner(right, y, -1, 1) + corner(x, bottom, 1, -1) + corner(right, bottom, -1, -1);
}
