// The camera page: camera, connection and ring brought together, one try after the other.
import { Camera, CameraError } from "./camera.js";
import { Connection, TicketError, fetchTicket } from "./connection.js";
import { countdown } from "./countdown.js";
import { drawBox } from "./face_box.js";
import { FrameSource } from "./frames.js";
import { Ring, drawBadge } from "./ring.js";
import { orderChoices, showShade } from "./shade.js";
import { Speech } from "./speech.js";
import * as words from "./words.js";

const GRANTED_SHOWN_MS = 1400;
const LINE_HELD_MS = 700; // a hint stays long enough to be read
const ANEW_HELD_MS = 2200; // and so does the word that the moves begin anew

const stage = document.getElementById("stage");
const part = (id) => document.getElementById(id);
const isLogin = stage.dataset.purpose !== "enrolment"; // or the confirmation of an act
const confirms = stage.dataset.purpose === "step_up";
const camera = new Camera(part("video"));
const frames = new FrameSource(part("video"));
const ring = new Ring(part("ring"), Number(stage.dataset.frames));
const speech = new Speech(part("speech"));

/** What the current try holds; a new object for each. @type {{connection: Connection|null, over: boolean, moves?: number[]|null}} */
let attempt = { connection: null, over: true };
let wantsColours = true;
let lineUntil = 0;
let stopCountdown = () => {};

/**
 * Show a line and its detail.
 * @param {string} line
 * @param {string} detail
 * @param {{urgent?: boolean, spoken?: string, heldMs?: number}} options urgent lines come at once
 *   and are spoken over others; `spoken` is said in place of the line; for `heldMs` only an urgent
 *   line takes its place
 */
function say(line, detail, { urgent = false, spoken = line, heldMs = LINE_HELD_MS } = {}) {
  const now = performance.now();
  const shown = part("line").textContent;
  if (!urgent && line !== shown && now < lineUntil) return;
  if (line !== shown) {
    part("line").textContent = line;
    lineUntil = now + heldMs;
    // Told apart from the count below, which would be read out ten times a second.
    part("live").textContent = urgent ? `${line}. ${detail}` : line;
    speech.say(spoken, urgent);
  }
  if (part("detail").textContent !== detail) part("detail").textContent = detail;
}

/** @param {"idle"|"asking"|"looking"|"good"|"granted"|"refused"|"trouble"} state */
function setState(state) {
  stage.dataset.state = state;
}

/** Which of the buttons are there. @param {{again?: boolean, other?: boolean, start?: boolean, cannot?: boolean, moves?: boolean}} shown */
function offer({ again = false, other = false, start = false, cannot = false, moves = false } = {}) {
  part("again").hidden = !again;
  part("other").hidden = !other;
  part("start").hidden = !start;
  part("cannot").hidden = !cannot;
  if (part("moves-only")) part("moves-only").hidden = !moves;
  if (again) part("again").focus({ preventScroll: true });
}

/** End the current try without a verdict. @param {{line: string, detail: string}} trouble */
function fail(trouble) {
  if (attempt.over) return;
  finish();
  drawBox(part("box"), null, camera.size);
  setState("trouble");
  say(trouble.line, trouble.detail, { urgent: true });
  offer({ again: true, other: true });
}

function finish() {
  attempt.over = true;
  attempt.connection?.close();
  camera.freeze(part("still"));
  camera.close();
  ring.point(null);
  showShade(null);
}

async function begin() {
  stopCountdown();
  const mine = (attempt = { connection: null, over: false });
  setState("asking");
  ring.show(0, ring.segments.length);
  drawBox(part("box"), null, camera.size);
  say(words.ASKING.line, words.ASKING.detail, { urgent: true });
  part("note").hidden = false;
  part("moves-only")?.classList.remove("primary");
  offer({ cannot: true });
  try {
    await camera.open((kind) => fail(words.CAMERA_TROUBLE[kind]));
    if (mine.over) return;
    part("still").hidden = true;
    stage.dataset.live = "";
    const mark = await camera.mark();
    const ticket = await fetchTicket(stage.dataset.ticket);
    if (mine.over) return;
    mine.connection = new Connection(
      stage.dataset.socket, { ticket, camera: mark, colours: wantsColours ? "yes" : "no" },
      (reply) => answer(mine, reply), () => closed(mine));
    await pump(mine);
  } catch (error) {
    if (error instanceof CameraError) fail(words.CAMERA_TROUBLE[error.kind]);
    else if (error instanceof TicketError) refuseTicket(error);
    else { fail(words.CONNECTION_TROUBLE.lost); throw error; }
  }
}

/** Send new frames while there is credit and the page is seen. @param {typeof attempt} mine */
async function pump(mine) {
  while (!mine.over && mine.connection.isOpen) {
    await frames.next();
    if (mine.over || document.hidden || !mine.connection.mayWrite) continue;
    const image = await frames.take();
    if (image && !mine.over && mine.connection.mayWrite) await mine.connection.send(image);
  }
}

/** @param {typeof attempt} mine @param {any} reply */
function answer(mine, reply) {
  if (mine.over) return;
  if (reply.type === "ready") {
    setState("looking");
    mine.connection.greet(camera.describe());
    ring.show(0, reply.frames_needed);
  } else if (reply.type === "frame") showFrame(reply);
  else if (reply.type === "verdict") showVerdict(reply);
  else if (reply.type === "error") mine.error = reply;
}

/** @param {any} reply */
function showFrame(reply) {
  const [done, all] = reply.progress;
  const holds = reply.hint === "hold_still";
  const isMove = reply.prompt in words.MOVES;
  const side = words.SIDES[reply.prompt] ?? null;
  ring.show(done, all);
  if (isMove) ring.follow(side, reply.reach);
  ring.point(holds ? side : null);
  drawBox(part("box"), reply.box, camera.size);
  setState(holds && (reply.good || done > 0) ? "good" : "looking");
  if (attempt.moves && !reply.moves) sayAnew();
  attempt.moves = reply.moves;
  showShade(reply.colour);
  if (!holds) say(words.HINTS[reply.hint].line, words.HINTS[reply.hint].detail ?? "");
  else if (reply.colour) say(words.COLOURS.line, words.coloursDetail(...reply.colours));
  // A move has to be heard at once: there are six seconds for it.
  else if (isMove) say(words.MOVES[reply.prompt].line, words.MOVES[reply.prompt].detail, { urgent: true });
  else say((words.PROMPTS[reply.prompt] ?? words.HINTS.hold_still).line, restDetail(reply));
}

/** The line below while nothing has to be mended or moved. @param {any} reply */
function restDetail(reply) {
  if (reply.colours) return words.COLOURS.over;
  return reply.moves ? words.movesDetail(...reply.moves) : words.progressDetail(...reply.progress);
}

/** The moves begin anew: a wrong one, or none in time; which of the two is not told. */
function sayAnew() {
  say(words.ONCE_MORE.line, words.ONCE_MORE.detail, { urgent: true, heldMs: ANEW_HELD_MS });
}

/** @param {any} reply */
function showVerdict(reply) {
  finish();
  drawBadge(part("badge"), reply.granted ? "granted" : "refused");
  if (reply.granted) showGrant(reply);
  else showRefusal(reply);
}

/** @param {any} reply */
function showGrant(reply) {
  setState("granted");
  offer();
  part("note").hidden = true;
  const name = stage.dataset.name;
  if (confirms) {
    say("Confirmed", `${stage.dataset.act}. Taking you back.`, { urgent: true });
  } else if (isLogin) {
    say("Authorized", `Welcome, ${name}. Taking you to your apps.`, {
      urgent: true, spoken: `Access granted. Welcome, ${name}.` });
  } else if (reply.note) {
    say("Enrolled", "This face looks like one that is already enrolled. An administrator has been told.", { urgent: true });
  } else say("Enrolled", "The samples are encrypted and stored. The frames are forgotten.", { urgent: true });
  const shownMs = reply.note ? 3 * GRANTED_SHOWN_MS : GRANTED_SHOWN_MS;
  setTimeout(() => part("complete").submit(), shownMs);
}

/** @param {any} reply */
function showRefusal(reply) {
  setState("refused");
  const table = isLogin ? words.LOGIN_REFUSALS : words.ENROLMENT_REFUSALS;
  const isPause = attempt.wasHidden && ["technical", "interrupted"].includes(reply.reason);
  const why = isPause ? words.CONNECTION_TROUBLE.paused : table[reply.reason] ?? words.LOGIN_REFUSALS.technical;
  say(why.line, why.detail, { urgent: true });
  const mayTry = reply.tries_left > 0;
  offer({ again: mayTry, other: true, moves: mayTry && reply.reason === "too_bright" });
  if (isLogin) part("note").textContent = words.triesDetail(reply.tries_left);
  if (reply.tries_left === 0) leaveForPassword();
  if (reply.wait_s) holdAgain(reply.wait_s);
}

/** No tries are left: the password is asked again. */
function leaveForPassword() {
  const link = document.createElement("a");
  link.className = "button primary";
  link.href = stage.dataset.again;
  link.textContent = "Try again";
  part("again").replaceWith(link);
  link.id = "again";
}

/** Another try has to wait. @param {number} seconds */
function holdAgain(seconds) {
  const button = part("again");
  const told = part("note").textContent;
  stopCountdown = countdown(seconds, (left) => {
    part("note").textContent = left ? words.WAIT.line(left) : told;
    button.textContent = left ? `Try again in ${left} s` : "Try again";
    if (left) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  });
}

/** The server gives no ticket now. @param {TicketError} error */
function refuseTicket(error) {
  if (error.code === "web.no_transaction") {
    fail(words.CONNECTION_TROUBLE.expired);
    setTimeout(() => location.assign(stage.dataset.again), 2500);
  } else if (error.code === "web.busy") {
    waitThenBegin(error.retryAfterS || 5, (left) => [words.BUSY.line, words.BUSY.detail(left)]);
  } else if (error.code === "web.shut") {
    fail(words.SHUT);
    offer({ other: true });
  } else if (error.retryAfterS) {
    waitThenOffer(error.retryAfterS);
  } else fail(error.code === "lost" ? words.CONNECTION_TROUBLE.lost : words.CONNECTION_TROUBLE.server);
}

/** @param {number} seconds @param {(left: number) => [string, string]} tell */
function waitThenBegin(seconds, tell) {
  finish();
  setState("trouble");
  offer({ other: true });
  stopCountdown = countdown(seconds, (left) => {
    if (left > 0) say(...tell(left), { urgent: true });
    else begin();
  });
}

/** @param {number} seconds */
function waitThenOffer(seconds) {
  finish();
  setState("trouble");
  offer({ other: true });
  stopCountdown = countdown(seconds, (left) => {
    part("line").textContent = left ? words.WAIT.line(left) : "You can try again now";
    part("detail").textContent = left ? words.WAIT.detail : "";
    if (!left) offer({ again: true, other: true });
  });
}

/** The socket closed before a verdict. @param {typeof attempt} mine */
function closed(mine) {
  if (mine.over) return;
  const { lost, paused, server } = words.CONNECTION_TROUBLE;
  if (mine.error) fail({ line: server.line, detail: mine.error.message });
  else fail(mine.wasHidden ? paused : lost);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) attempt.wasHidden = true;
});
addEventListener("pagehide", finish);
part("again").addEventListener("click", (event) => {
  if (!event.currentTarget.hasAttribute("aria-disabled")) begin();
});
part("start").addEventListener("click", begin);
part("moves-only")?.addEventListener("click", () => { wantsColours = false; begin(); });
orderChoices(part("start"), part("moves-only"));
if (isLogin && "waits" in stage.dataset) speech.say(`${part("line").textContent}. ${part("detail").textContent}`);
if (!("waits" in stage.dataset)) begin();
