// The capture itself: camera, connection and ring brought together, one try after the other.
// What it is for, and whose page it is in, stands in its ceremony.
import { Camera, CameraError } from "./camera.js";
import { Connection, TicketError } from "./connection.js";
import { countdown } from "./countdown.js";
import { drawBox } from "./face_box.js";
import { FrameSource } from "./frames.js";
import { Ring, drawBadge } from "./ring.js";
import { orderChoices } from "./shade.js";
import { Speech } from "./speech.js";
import * as words from "./words.js";

const LINE_HELD_MS = 700; // a hint stays long enough to be read
const ANEW_HELD_MS = 2200; // and so does the word that the moves begin anew

/** @typedef {"idle"|"asking"|"looking"|"good"|"granted"|"refused"|"trouble"} State */

/**
 * @typedef {object} Ceremony
 * @property {string} socket URL of the WebSocket
 * @property {() => Promise<string>} ticket for one try; throws TicketError
 * @property {Record<string, words.Words>} refusals by reason
 * @property {words.Words} expired said when no further try can follow
 * @property {(left: number) => string} [note] below a refusal, for the tries that are left
 * @property {(reply: any) => {line: string, detail: string, spoken?: string}} grant what is said
 * @property {(reply: any) => void} granted the capture is over, with success
 * @property {(replacesAgain: HTMLButtonElement) => void} noTries the last try was refused
 * @property {() => void} over no try can follow, without a refusal
 * @property {(colour: string|null) => void} shade fills the screen with a colour
 * @property {(state: State) => void} [onState]
 * @property {(done: number, all: number) => void} [onProgress]
 * @property {(code: string, trouble: {line: string, detail: string}) => void} [onTrouble]
 */

export class Stage {
  /**
   * @param {Document|ShadowRoot} root holds the parts of `stage.html`, by their ids
   * @param {Ceremony} ceremony
   */
  constructor(root, ceremony) {
    this.part = (id) => root.getElementById(id);
    this.stage = this.part("stage");
    this.ceremony = ceremony;
    this.camera = new Camera(this.part("video"));
    this.frames = new FrameSource(this.part("video"));
    this.ring = new Ring(this.part("ring"), Number(this.stage.dataset.frames));
    this.speech = new Speech(this.part("speech"));
    /** What the current try holds; a new object for each. @type {any} */
    this.attempt = { connection: null, over: true };
    this.wantsColours = true;
    this.lineUntil = 0;
    this.stopCountdown = () => {};
    this.ended = new AbortController();
    this.#listen();
  }

  #listen() {
    const { part } = this;
    const on = (target, name, call) => target?.addEventListener(name, call, { signal: this.ended.signal });
    on(document, "visibilitychange", () => { if (document.hidden) this.attempt.wasHidden = true; });
    on(window, "pagehide", () => this.finish());
    on(part("again"), "click", (event) => {
      if (!event.currentTarget.hasAttribute("aria-disabled")) this.begin();
    });
    on(part("start"), "click", () => this.begin());
    on(part("moves-only"), "click", () => { this.wantsColours = false; this.begin(); });
    orderChoices(part("start"), part("moves-only"));
    // Until here a press would have gone unheard.
    for (const id of ["start", "moves-only"]) if (part(id)) part(id).disabled = false;
  }

  /** End whatever runs, for good. */
  dispose() {
    this.stopCountdown();
    this.finish();
    this.ended.abort();
  }

  /**
   * Show a line and its detail.
   * @param {string} line
   * @param {string} detail
   * @param {{urgent?: boolean, spoken?: string, heldMs?: number}} options urgent lines come at once
   *   and are spoken over others; `spoken` is said in place of the line; for `heldMs` only an urgent
   *   line takes its place
   */
  say(line, detail, { urgent = false, spoken = line, heldMs = LINE_HELD_MS } = {}) {
    const { part } = this;
    const now = performance.now();
    const shown = part("line").textContent;
    if (!urgent && line !== shown && now < this.lineUntil) return;
    if (line !== shown) {
      part("line").textContent = line;
      this.lineUntil = now + heldMs;
      // Told apart from the count below, which would be read out ten times a second.
      part("live").textContent = urgent ? `${line}. ${detail}` : line;
      this.speech.say(spoken, urgent);
    }
    if (part("detail").textContent !== detail) part("detail").textContent = detail;
  }

  /** @param {State} state */
  setState(state) {
    if (this.stage.dataset.state === state) return;
    this.stage.dataset.state = state;
    this.ceremony.onState?.(state);
  }

  /** Which of the buttons are there. @param {{again?: boolean, other?: boolean, start?: boolean, cannot?: boolean, moves?: boolean}} shown */
  offer({ again = false, other = false, start = false, cannot = false, moves = false } = {}) {
    const { part } = this;
    part("again").hidden = !again;
    part("other").hidden = !other;
    part("start").hidden = !start;
    part("cannot").hidden = !cannot;
    if (part("moves-only")) part("moves-only").hidden = !moves;
    if (again) part("again").focus({ preventScroll: true });
  }

  /**
   * End the current try without a verdict.
   * @param {string} code
   * @param {{line: string, detail: string}} trouble
   */
  fail(code, trouble) {
    if (this.attempt.over) return;
    this.finish();
    drawBox(this.part("box"), null, this.camera.size);
    this.setState("trouble");
    this.say(trouble.line, trouble.detail, { urgent: true });
    this.offer({ again: true, other: true });
    this.ceremony.onTrouble?.(code, trouble);
  }

  finish() {
    this.attempt.over = true;
    this.attempt.connection?.close();
    this.camera.freeze(this.part("still"));
    this.camera.close();
    this.ring.point(null);
    this.ceremony.shade(null);
  }

  /** Stop, and wait for the start button. @param {string} line @param {string} detail */
  rest(line, detail) {
    this.stopCountdown();
    this.finish();
    drawBox(this.part("box"), null, this.camera.size);
    delete this.stage.dataset.live;
    this.part("still").hidden = true;
    this.setState("idle");
    this.say(line, detail, { urgent: true });
    this.offer({ start: true });
  }

  async begin() {
    const { part } = this;
    this.stopCountdown();
    const mine = (this.attempt = { connection: null, over: false });
    this.setState("asking");
    this.ring.show(0, this.ring.segments.length);
    drawBox(part("box"), null, this.camera.size);
    this.say(words.ASKING.line, words.ASKING.detail, { urgent: true });
    part("note").hidden = false;
    part("moves-only")?.classList.remove("primary");
    this.offer({ cannot: true });
    try {
      await this.camera.open((kind) => this.fail(`camera.${kind}`, words.CAMERA_TROUBLE[kind]));
      if (mine.over) return;
      part("still").hidden = true;
      this.stage.dataset.live = "";
      const mark = await this.camera.mark();
      const ticket = await this.ceremony.ticket();
      if (mine.over) return;
      mine.connection = new Connection(
        this.ceremony.socket, { ticket, camera: mark, colours: this.wantsColours ? "yes" : "no" },
        (reply) => this.#answer(mine, reply), () => this.#closed(mine));
      await this.#pump(mine);
    } catch (error) {
      if (error instanceof CameraError) this.fail(`camera.${error.kind}`, words.CAMERA_TROUBLE[error.kind]);
      else if (error instanceof TicketError) this.#refuseTicket(error);
      else { this.fail("lost", words.CONNECTION_TROUBLE.lost); throw error; }
    }
  }

  /** Send new frames while there is credit and the page is seen. @param {any} mine */
  async #pump(mine) {
    while (!mine.over && mine.connection.isOpen) {
      await this.frames.next();
      if (mine.over || document.hidden || !mine.connection.mayWrite) continue;
      const image = await this.frames.take();
      if (image && !mine.over && mine.connection.mayWrite) await mine.connection.send(image);
    }
  }

  /** @param {any} mine @param {any} reply */
  #answer(mine, reply) {
    if (mine.over) return;
    if (reply.type === "ready") {
      this.setState("looking");
      mine.connection.greet(this.camera.describe());
      this.ring.show(0, reply.frames_needed);
    } else if (reply.type === "frame") this.#showFrame(reply);
    else if (reply.type === "verdict") this.#showVerdict(reply);
    else if (reply.type === "error") mine.error = reply;
  }

  /** @param {any} reply */
  #showFrame(reply) {
    const { attempt, ring } = this;
    const [done, all] = reply.progress;
    const holds = reply.hint === "hold_still";
    const isMove = reply.prompt in words.MOVES;
    const side = words.SIDES[reply.prompt] ?? null;
    ring.show(done, all);
    if (isMove) ring.follow(side, reply.reach);
    ring.point(holds ? side : null);
    drawBox(this.part("box"), reply.box, this.camera.size);
    this.setState(holds && (reply.good || done > 0) ? "good" : "looking");
    if (attempt.moves && !reply.moves) this.#sayAnew();
    attempt.moves = reply.moves;
    this.ceremony.shade(reply.colour);
    this.ceremony.onProgress?.(done, all);
    if (!holds) this.say(words.HINTS[reply.hint].line, words.HINTS[reply.hint].detail ?? "");
    else if (reply.colour) this.say(words.COLOURS.line, words.coloursDetail(...reply.colours));
    // A move has to be heard at once: there are six seconds for it.
    else if (isMove) this.say(words.MOVES[reply.prompt].line, words.MOVES[reply.prompt].detail, { urgent: true });
    else this.say((words.PROMPTS[reply.prompt] ?? words.HINTS.hold_still).line, restDetail(reply));
  }

  /** The moves begin anew: a wrong one, or none in time; which of the two is not told. */
  #sayAnew() {
    this.say(words.ONCE_MORE.line, words.ONCE_MORE.detail, { urgent: true, heldMs: ANEW_HELD_MS });
  }

  /** @param {any} reply */
  #showVerdict(reply) {
    this.finish();
    drawBadge(this.part("badge"), reply.granted ? "granted" : "refused");
    if (reply.granted) this.#showGrant(reply);
    else this.#showRefusal(reply);
  }

  /** @param {any} reply */
  #showGrant(reply) {
    this.setState("granted");
    this.offer();
    this.part("note").hidden = true;
    const { line, detail, spoken = line } = this.ceremony.grant(reply);
    this.say(line, detail, { urgent: true, spoken });
    this.ceremony.granted(reply);
  }

  /** @param {any} reply */
  #showRefusal(reply) {
    const { attempt, ceremony, part } = this;
    this.setState("refused");
    const isPause = attempt.wasHidden && ["technical", "interrupted"].includes(reply.reason);
    const why = isPause
      ? words.CONNECTION_TROUBLE.paused : ceremony.refusals[reply.reason] ?? words.LOGIN_REFUSALS.technical;
    this.say(why.line, why.detail, { urgent: true });
    const mayTry = reply.tries_left > 0;
    this.offer({ again: mayTry, other: true, moves: mayTry && reply.reason === "too_bright" });
    if (ceremony.note) part("note").textContent = ceremony.note(reply.tries_left);
    if (!mayTry) ceremony.noTries(part("again"));
    if (reply.wait_s && !part("again").hidden) this.#holdAgain(reply.wait_s);
  }

  /** Another try has to wait. @param {number} seconds */
  #holdAgain(seconds) {
    const [button, note] = [this.part("again"), this.part("note")];
    const told = note.textContent;
    this.stopCountdown = countdown(seconds, (left) => {
      note.textContent = left ? words.WAIT.line(left) : told;
      button.textContent = left ? `Try again in ${left} s` : "Try again";
      if (left) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
    });
  }

  /** The server gives no ticket now. @param {TicketError} error */
  #refuseTicket(error) {
    const { lost, server } = words.CONNECTION_TROUBLE;
    if (error.code === "web.no_transaction") {
      this.fail("expired", this.ceremony.expired);
      this.ceremony.over();
    } else if (error.code === "web.busy") {
      this.#waitThenBegin(error.retryAfterS || 5, (left) => [words.BUSY.line, words.BUSY.detail(left)]);
    } else if (error.code === "web.shut") {
      this.fail("shut", words.SHUT);
      this.offer({ other: true });
    } else if (error.retryAfterS) {
      this.#waitThenOffer(error.retryAfterS);
    } else if (error.code === "lost") this.fail("lost", lost);
    else this.fail("server", server);
  }

  /** @param {number} seconds @param {(left: number) => [string, string]} tell */
  #waitThenBegin(seconds, tell) {
    this.finish();
    this.setState("trouble");
    this.offer({ other: true });
    this.stopCountdown = countdown(seconds, (left) => {
      if (left > 0) this.say(...tell(left), { urgent: true });
      else this.begin();
    });
  }

  /** @param {number} seconds */
  #waitThenOffer(seconds) {
    this.finish();
    this.setState("trouble");
    this.offer({ other: true });
    this.stopCountdown = countdown(seconds, (left) => {
      this.part("line").textContent = left ? words.WAIT.line(left) : "You can try again now";
      this.part("detail").textContent = left ? words.WAIT.detail : "";
      if (!left) this.offer({ again: true, other: true });
    });
  }

  /** The socket closed before a verdict. @param {any} mine */
  #closed(mine) {
    if (mine.over) return;
    const { lost, paused, server } = words.CONNECTION_TROUBLE;
    if (mine.error) this.fail("server", { line: server.line, detail: mine.error.message });
    else if (mine.wasHidden) this.fail("paused", paused);
    else this.fail("lost", lost);
  }
}

/** The line below while nothing has to be mended or moved. @param {any} reply */
function restDetail(reply) {
  if (reply.colours) return words.COLOURS.over;
  return reply.moves ? words.movesDetail(...reply.moves) : words.progressDetail(...reply.progress);
}
