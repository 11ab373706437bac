// Forms that a passkey answers: the browser is asked, its answer is sent with the form.

const PROBLEMS = {
  NotAllowedError: "No passkey was used. Try again, or take another way.",
  InvalidStateError: "This device already has a passkey for you.",
  SecurityError: "Passkeys do not work at this address.",
};
const LOST = "The server did not answer. Try again.";

/** @param {string} text base64url @returns {ArrayBuffer} */
function bytes(text) {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer;
}

/** @param {ArrayBuffer|null|undefined} buffer @returns {string|undefined} base64url */
function text(buffer) {
  if (!buffer) return undefined;
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {any[]|undefined} list */
function descriptors(list) {
  return (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
}

/** The options with bytes in the place of text. @param {any} options */
function decoded(options) {
  const found = { ...options, challenge: bytes(options.challenge) };
  if (options.user) found.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) found.excludeCredentials = descriptors(options.excludeCredentials);
  if (options.allowCredentials) found.allowCredentials = descriptors(options.allowCredentials);
  return found;
}

/** An answer as JSON. @param {any} credential */
function encoded(credential) {
  const { response } = credential;
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: {},
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: text(response.userHandle),
      transports: response.getTransports?.(),
    },
  });
}

/** @param {HTMLFormElement} form @returns {Promise<{token: string, options: any}>} */
async function call(form) {
  const token = document.querySelector("meta[name=csrf-token]").content;
  const answer = await fetch(form.dataset.options, {
    method: "POST", headers: { "X-CSRFToken": token, Accept: "application/json" } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${body.message} ${body.remedy}`.trim());
  return body;
}

/** @param {HTMLFormElement} form */
async function ask(form) {
  const { token, options } = await call(form);
  const publicKey = decoded(options);
  const credential = form.dataset.passkey === "create"
    ? await navigator.credentials.create({ publicKey })
    : await navigator.credentials.get({ publicKey });
  form.elements.token.value = token;
  form.elements.answer.value = encoded(credential);
}

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const problem = form.querySelector("[data-passkey-problem]");
  const button = form.querySelector("button[type=submit]");
  problem.hidden = true;
  button.disabled = true;
  try {
    await ask(form);
    form.submit();
  } catch (error) {
    problem.textContent = PROBLEMS[error.name] ?? (error instanceof TypeError ? LOST : error.message);
    problem.hidden = false;
    button.disabled = false;
    delete form.dataset.sent;
  }
}

const knows = "PublicKeyCredential" in window && isSecureContext;
for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !knows;
  form.addEventListener("submit", submit);
}
for (const note of document.querySelectorAll("[data-no-passkeys]")) note.hidden = knows;
