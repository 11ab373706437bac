// Small comforts of plain pages; each page works without them.
import { startCountdowns } from "./countdown.js";
import { showTimes } from "./times.js";

/** Buttons that show what was typed into a password field. */
function revealPasswords() {
  for (const button of document.querySelectorAll("[data-reveal]")) {
    const input = document.getElementById(button.dataset.reveal);
    button.hidden = false;
    button.setAttribute("aria-label", "Show the password");
    button.addEventListener("click", () => {
      const shown = input.type === "password";
      input.type = shown ? "text" : "password";
      button.textContent = shown ? "Hide" : "Show";
      button.setAttribute("aria-pressed", String(shown));
      input.focus();
    });
  }
}

/** Buttons that copy the text of another element. */
function copySecrets() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const text = document.getElementById(button.dataset.copy).innerText;
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }
}

/** Buttons that print the page. */
function printPages() {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
}

/** "Go back", where there is somewhere to go back to. */
function goBack() {
  for (const button of document.querySelectorAll("[data-go-back]")) {
    button.hidden = history.length < 2;
    button.addEventListener("click", () => history.back());
  }
}

/** A form is sent once, however often its button is pressed. */
function sendOnce() {
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
}

/** The code of a link stands after its #: into the form with it, and out of the address. */
function takeCode() {
  const field = document.querySelector("[data-from-fragment]");
  const code = location.hash.slice(1);
  if (!field || !/^[\w-]{1,64}$/.test(code)) return;
  field.value = code;
  history.replaceState(null, "", location.pathname);
}

/** A choice that narrows down a list shows it at once. */
function submitChoices() {
  for (const choice of document.querySelectorAll("select[data-submit]")) {
    choice.addEventListener("change", () => choice.form.requestSubmit());
  }
}

revealPasswords();
submitChoices();
takeCode();
copySecrets();
printPages();
goBack();
sendOnce();
startCountdowns();
showTimes();
document.querySelector("[data-focus]")?.focus();
