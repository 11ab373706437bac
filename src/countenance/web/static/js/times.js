// Times in the reader's own zone and words.

const DAY_MS = 86_400_000;

/**
 * A moment as one says it.
 * @param {Date} at
 * @param {Date} now
 * @returns {string} such as "2 minutes ago", "yesterday, 17:05" or "12 March, 09:30"; of what is to
 *   come always the date
 */
export function spoken(at, now) {
  const minutes = Math.round((now - at) / 60_000);
  const isAhead = minutes < -1;
  if (minutes < 1 && !isAhead) return "just now";
  if (minutes < 60 && !isAhead) return minutes === 1 ? "1 minute ago" : `${minutes} minutes ago`;
  const clock = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  if (at >= midnight && !isAhead) return `today, ${clock}`;
  if (midnight - at < DAY_MS && !isAhead) return `yesterday, ${clock}`;
  const year = at.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return `${at.toLocaleDateString("en-GB", { day: "numeric", month: "long", year })}, ${clock}`;
}

/** Write all times and greetings of the page anew. */
export function showTimes() {
  const now = new Date();
  for (const place of document.querySelectorAll("[data-moment]")) {
    const at = new Date(place.dateTime);
    place.title = at.toLocaleString();
    place.textContent = spoken(at, now);
  }
  for (const place of document.querySelectorAll("[data-clock]")) {
    const options = { hour: "2-digit", minute: "2-digit" };
    place.textContent = new Date(place.dateTime).toLocaleTimeString([], options);
  }
  for (const place of document.querySelectorAll("[data-greeting]")) {
    const hour = now.getHours();
    const part = hour < 5 ? "night" : hour < 12 ? "morning" : hour < 18 ? "afternoon" : "evening";
    const greeting = part === "night" ? "Hello" : `Good ${part}`;
    place.textContent = `${greeting}, ${place.dataset.greeting}`;
  }
}
