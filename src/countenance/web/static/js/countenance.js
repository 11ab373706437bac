// <countenance-capture>: the capture of one verification, in the page of another app.
// docs/how-to/embed-the-capture.md tells what goes in and what comes out.
import { TicketError } from "./connection.js";
import { EmbedServer } from "./embed_server.js";
import { buildView } from "./embed_view.js";
import { showShade } from "./shade.js";
import { Stage } from "./stage.js";
import * as words from "./words.js";

const SHEETS = ["controls", "stage", "countenance"].map(
  (name) => new URL(`../css/${name}.css`, import.meta.url));
const NEEDED = ["verification", "client-secret"];

/** The styles, fetched once for all elements. @type {Promise<CSSStyleSheet[]>|null} */
let sheets = null;

/** @returns {Promise<CSSStyleSheet[]>} */
function fetchSheets() {
  sheets ??= Promise.all(SHEETS.map(fetchSheet));
  sheets.catch(() => { sheets = null; }); // the next element asks again
  return sheets;
}

/** @param {URL} url */
async function fetchSheet(url) {
  const answer = await fetch(url, { credentials: "omit" });
  if (!answer.ok) throw new TypeError(`${url} answers ${answer.status}`);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(await answer.text());
  return sheet;
}

export class CountenanceCapture extends HTMLElement {
  static observedAttributes = ["server", ...NEEDED];

  #root = this.attachShadow({ mode: "open" });
  /** @type {Stage|null} */
  #stage = null;
  /** Rises with every opening, so that an earlier one that is still on its way gives up. */
  #opening = 0;
  #told = "";

  connectedCallback() {
    this.#open();
  }

  disconnectedCallback() {
    this.#opening += 1;
    this.#close();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#open();
  }

  /** Open the camera, as the start button does; nothing happens before the element has loaded. */
  start() {
    const button = this.#root.getElementById("start");
    if (this.#stage && button && !button.hidden) button.click();
  }

  #close() {
    this.#stage?.dispose();
    this.#stage = null;
  }

  async #open() {
    const mine = ++this.#opening;
    await null; // attributes that are set one after the other open it once
    if (mine !== this.#opening) return;
    this.#close();
    try {
      this.#root.adoptedStyleSheets = await fetchSheets();
      if (mine !== this.#opening) return;
      if (NEEDED.some((name) => !this.getAttribute(name))) {
        this.#showTrouble("setup", words.VERIFICATION.setup);
        return;
      }
      const server = new EmbedServer({
        url: this.getAttribute("server") || new URL(import.meta.url).origin,
        verification: this.getAttribute("verification"),
        secret: this.getAttribute("client-secret"),
      });
      const wish = await server.stage();
      if (mine === this.#opening) this.#begin(server, wish);
    } catch (error) {
      if (mine !== this.#opening) return;
      if (error instanceof TicketError && error.code === "web.no_transaction") {
        this.#showTrouble("expired", words.VERIFICATION.expired);
      } else this.#showTrouble("lost", words.CONNECTION_TROUBLE.lost);
    }
  }

  /** Nothing can begin. @param {string} code @param {{line: string, detail: string}} trouble */
  #showTrouble(code, trouble) {
    this.#root.replaceChildren(buildView({ ...trouble, frames: 1 }));
    this.#root.getElementById("stage").dataset.state = "trouble";
    for (const id of ["start", "cannot", "note"]) this.#root.getElementById(id).hidden = true;
    this.#tellTrouble(code, trouble);
  }

  /** @param {EmbedServer} server @param {any} wish what the server says of the capture */
  #begin(server, wish) {
    const { line, detail, button } = wish.begin ?? words.VERIFICATION.start;
    this.#root.replaceChildren(buildView({
      line, detail, button, frames: wish.frames, offersMoves: wish.offers_moves,
      note: words.VERIFICATION.note(server.host),
    }));
    const part = (id) => this.#root.getElementById(id);
    let done = [0, wish.frames];
    const tellProgress = () => {
      this.#tellProgress({ state: part("stage").dataset.state, done: done[0], all: done[1] });
    };
    const stage = (this.#stage = new Stage(this.#root, {
      socket: server.socket,
      ticket: () => server.ticket(),
      refusals: words.LOGIN_REFUSALS,
      expired: words.VERIFICATION.expired,
      note: words.VERIFICATION.tries,
      grant: () => words.VERIFICATION.granted,
      granted: () => this.#tell("finish", { granted: true }),
      noTries: () => this.#tell("finish", { granted: false }),
      over: () => stage.offer({ other: true }),
      shade: (colour) => this.#shade(colour),
      onState: (state) => {
        if (state === "asking") done = [0, wish.frames];
        tellProgress();
      },
      onProgress: (...counts) => {
        done = counts;
        tellProgress();
      },
      onTrouble: (code, trouble) => this.#tellTrouble(code, trouble),
    }));
    // A button that goes away leaves the keyboard at the words that take its place.
    for (const id of ["start", "again", "moves-only"]) {
      part(id)?.addEventListener("click", () => {
        part("line").focus({ preventScroll: true });
        this.scrollIntoView({ block: "nearest" });
      });
    }
    for (const id of ["other", "cannot"]) {
      part(id).addEventListener("click", () => {
        stage.rest(line, detail);
        this.#tell("leave", {});
      });
    }
    if (this.hasAttribute("autostart") && !wish.begin) stage.begin();
  }

  /** Fill the whole screen with a colour, over whatever the page has; null gives it back. */
  #shade(colour) {
    const stage = this.#root.getElementById("stage");
    const isOnTop = stage.hasAttribute("popover");
    showShade(stage, colour);
    if (!stage.showPopover || Boolean(colour) === isOnTop) return;
    if (colour) {
      stage.setAttribute("popover", "manual");
      stage.showPopover();
    } else {
      stage.hidePopover();
      stage.removeAttribute("popover");
    }
  }

  /** @param {{state: string, done: number, all: number}} detail */
  #tellProgress(detail) {
    const text = JSON.stringify(detail);
    if (text === this.#told) return;
    this.#told = text;
    this.#tell("progress", detail);
  }

  /** @param {string} code @param {{line: string, detail: string}} trouble */
  #tellTrouble(code, { line, detail }) {
    this.#tell("error", { code, message: line, remedy: detail });
  }

  /** @param {string} name @param {object} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(`countenance-${name}`, { detail, bubbles: true, composed: true }));
  }
}

if (!customElements.get("countenance-capture")) {
  customElements.define("countenance-capture", CountenanceCapture);
}
