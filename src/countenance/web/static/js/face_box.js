// The box around the face, moved from the camera's frame into the mirrored oval view.

const VIEW = { width: 260, height: 324 };

/**
 * Draw the box; null takes it away.
 * @param {SVGRectElement} rect
 * @param {number[]|null} box x0 y0 x1 y1 as shares of the frame
 * @param {{width: number, height: number}} frame size of the camera's frame, pixels
 */
export function drawBox(rect, box, frame) {
  if (!box || !frame.width) {
    rect.setAttribute("visibility", "hidden");
    return;
  }
  const scale = Math.max(VIEW.width / frame.width, VIEW.height / frame.height);
  const [w, h] = [frame.width * scale, frame.height * scale];
  const x0 = (VIEW.width - w) / 2 + (1 - box[2]) * w; // mirrored
  const y0 = (VIEW.height - h) / 2 + box[1] * h;
  const [width, height] = [(box[2] - box[0]) * w, (box[3] - box[1]) * h];
  const corner = Math.max(8, Math.min(width, height) * 0.16);
  rect.setAttribute("x", x0.toFixed(1));
  rect.setAttribute("y", y0.toFixed(1));
  rect.setAttribute("width", Math.max(0, width).toFixed(1));
  rect.setAttribute("height", Math.max(0, height).toFixed(1));
  rect.setAttribute("rx", corner.toFixed(1));
  rect.setAttribute("visibility", "visible");
}
