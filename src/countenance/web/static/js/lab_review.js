// Looking through a data set: ticking many at once.

const boxes = [...document.querySelectorAll(".shot input[type=checkbox]")];
const all = document.getElementById("tick-all");

/** The button says what it would do. */
function label() {
  const every = boxes.every((box) => box.checked);
  all.textContent = every ? "Tick none" : "Tick all on this page";
  return every;
}

if (all) {
  all.hidden = boxes.length === 0;
  all.addEventListener("click", () => {
    const every = label();
    for (const box of boxes) box.checked = !every;
    label();
  });
  for (const box of boxes) box.addEventListener("change", label);
}
// A download leaves the page where it is, so its button may be pressed again.
for (const form of document.querySelectorAll("form[data-download]")) {
  form.addEventListener("submit", () => setTimeout(() => { delete form.dataset.sent; }, 1000));
}
