// Runs before the page is painted: the choice of appearance that this browser remembers.
(() => {
  const KEY = "countenance-theme";
  const stored = () => {
    try { return localStorage.getItem(KEY); } catch { return null; }
  };
  const apply = (choice) => {
    if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
    else delete document.documentElement.dataset.theme;
  };
  apply(stored());
  document.addEventListener("DOMContentLoaded", () => {
    const box = document.querySelector("[data-theme-switch]");
    if (!box) return;
    box.hidden = false;
    const choice = stored() || "system";
    for (const input of box.querySelectorAll("input")) {
      input.checked = input.value === choice;
      input.addEventListener("change", () => {
        apply(input.value);
        try { localStorage.setItem(KEY, input.value); } catch { /* private mode: for this page */ }
      });
    }
  });
})();
