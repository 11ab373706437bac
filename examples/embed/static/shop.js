// The page of the shop: asks its own server for a verification, puts the element in, waits.

const part = (id) => document.getElementById(id);

/** @param {string} path @param {object} body */
async function ask(path, body = {}) {
  const answer = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
  return answer.json();
}

/** @param {SubmitEvent} event */
async function begin(event) {
  event.preventDefault();
  const { verification, client_secret: secret } = await ask("/begin", { name: part("name").value });
  const capture = document.createElement("countenance-capture");
  capture.setAttribute("server", document.body.dataset.door);
  capture.setAttribute("verification", verification);
  capture.setAttribute("client-secret", secret);
  capture.addEventListener("countenance-finish", () => finish(capture));
  capture.addEventListener("countenance-leave", () => stop(capture, "Ask at the counter, or use your password."));
  capture.addEventListener("countenance-error", ({ detail }) => {
    part("told").textContent = `${detail.message}. ${detail.remedy} (${detail.code})`;
  });
  part("told").textContent = "";
  part("who").hidden = true;
  part("place").replaceChildren(capture);
}

/** Whatever the element says, only the server is believed. @param {HTMLElement} capture */
async function finish(capture) {
  const { state } = await ask("/finish");
  if (state === "granted") location.reload();
  else stop(capture, "The shop stays shut. Ask at the counter, or use your password.");
}

/** @param {HTMLElement} capture @param {string} told */
function stop(capture, told) {
  capture.remove();
  part("who").hidden = false;
  part("told").textContent = told;
}

part("who")?.addEventListener("submit", begin);
