// The camera page: a login, an enrolment or the confirmation of an act, on the server's own page.
import { ask } from "./connection.js";
import { showShade } from "./shade.js";
import { Stage } from "./stage.js";
import * as words from "./words.js";

const GRANTED_SHOWN_MS = 1400;
const EXPIRED_SHOWN_MS = 2500;

const { dataset } = document.getElementById("stage");
const isLogin = dataset.purpose !== "enrolment"; // or the confirmation of an act
const scheme = location.protocol === "https:" ? "wss" : "ws";

const stage = new Stage(document, {
  socket: `${scheme}://${location.host}${dataset.socket}`,
  ticket,
  refusals: isLogin ? words.LOGIN_REFUSALS : words.ENROLMENT_REFUSALS,
  expired: words.CONNECTION_TROUBLE.expired,
  note: isLogin ? words.triesDetail : undefined,
  grant,
  granted: (reply) => {
    const shownMs = reply.note ? 3 * GRANTED_SHOWN_MS : GRANTED_SHOWN_MS;
    setTimeout(() => document.getElementById("complete").submit(), shownMs);
  },
  noTries: leaveForPassword,
  over: () => setTimeout(() => location.assign(dataset.again), EXPIRED_SHOWN_MS),
  shade: (colour) => showShade(document.body, colour),
});

/** @returns {Promise<string>} */
async function ticket() {
  const token = document.querySelector("meta[name=csrf-token]").content;
  const headers = { "X-CSRFToken": token, Accept: "application/json" };
  return (await ask(dataset.ticket, { headers, credentials: "same-origin" })).ticket;
}

/** @param {any} reply */
function grant(reply) {
  const { name } = dataset;
  if (dataset.purpose === "step_up") return { line: "Confirmed", detail: `${dataset.act}. Taking you back.` };
  if (isLogin) {
    return {
      line: "Authorized", detail: `Welcome, ${name}. Taking you to your apps.`,
      spoken: `Access granted. Welcome, ${name}.`,
    };
  }
  return {
    line: "Enrolled",
    detail: reply.note
      ? "This face looks like one that is already enrolled. An administrator has been told."
      : "The samples are encrypted and stored. The frames are forgotten.",
  };
}

/** No tries are left: the password is asked again. @param {HTMLButtonElement} again */
function leaveForPassword(again) {
  const link = document.createElement("a");
  link.className = "button primary";
  link.href = dataset.again;
  link.textContent = "Try again";
  again.replaceWith(link);
  link.id = "again";
}

if (!("waits" in dataset)) stage.begin();
else if (isLogin) {
  const [line, detail] = ["line", "detail"].map((id) => document.getElementById(id).textContent);
  stage.speech.say(`${line}. ${detail}`);
}
