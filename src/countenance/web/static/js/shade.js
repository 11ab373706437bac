// The colour of the whole screen, which has to come back from the face.

/**
 * Fade the page to a colour; null fades back to the page's own.
 * @param {string|null} colour `ceremony.palette.Colour`
 */
export function showShade(colour) {
  if (colour) document.body.dataset.shade = colour;
  else delete document.body.dataset.shade;
}

/**
 * Where less motion is wished for, the way without colours comes first.
 * @param {HTMLElement} start
 * @param {HTMLElement|null} movesOnly
 */
export function orderChoices(start, movesOnly) {
  if (!movesOnly || !matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  start.before(movesOnly);
  movesOnly.classList.add("primary");
  start.classList.remove("primary");
}
