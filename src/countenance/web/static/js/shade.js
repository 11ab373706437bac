// The colour of the whole screen, which has to come back from the face.

/**
 * Fade what fills the screen to a colour; null fades back to its own.
 * @param {HTMLElement} place
 * @param {string|null} colour `ceremony.palette.Colour`
 */
export function showShade(place, colour) {
  if (colour) place.dataset.shade = colour;
  else delete place.dataset.shade;
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
