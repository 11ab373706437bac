// A wait that counts down where it stands.

/**
 * Count seconds down.
 * @param {number} seconds
 * @param {(left: number) => void} tell called at once and every second, last with 0
 * @returns {() => void} stops it
 */
export function countdown(seconds, tell) {
  const end = performance.now() + seconds * 1000;
  let timer = 0;
  const step = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    tell(left);
    if (left > 0) timer = setTimeout(step, 250);
  };
  step();
  return () => clearTimeout(timer);
}

/** Start every countdown of the page and free its button at the end. */
export function startCountdowns() {
  for (const place of document.querySelectorAll("[data-countdown]")) {
    countdown(Number(place.dataset.countdown), (left) => {
      place.textContent = String(left);
      if (left > 0) return;
      for (const button of document.querySelectorAll("[data-after-countdown]")) {
        button.removeAttribute("aria-disabled");
      }
      for (const part of document.querySelectorAll("[data-during-countdown]")) part.hidden = true;
      for (const part of document.querySelectorAll("[data-when-over]")) part.hidden = false;
    });
  }
}
