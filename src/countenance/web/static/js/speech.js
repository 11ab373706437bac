// Spoken hints by the browser's own voice; muted by a switch that this browser remembers.

const KEY = "countenance-speech";
const SPEAKER = "M4 9.500v5h3.500L12 18.500v-13L7.500 9.500H4Z";
const WAVES = "M15.500 9a4.500 4.500 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11";
const MUTED = "M16 9.500l5 5M21 9.500l-5 5";

export class Speech {
  /** @param {HTMLButtonElement|null} button its switch; hidden where the browser has no voice */
  constructor(button) {
    this.button = button;
    this.voice = window.speechSynthesis ?? null;
    this.last = "";
    this.lastAt = 0;
    let stored = null;
    try { stored = localStorage.getItem(KEY); } catch { /* private mode */ }
    this.isOn = stored !== "off";
    if (!button || !this.voice) return;
    button.hidden = false;
    button.addEventListener("click", () => this.toggle());
    this.show();
  }

  toggle() {
    this.isOn = !this.isOn;
    if (!this.isOn) this.voice.cancel();
    try { localStorage.setItem(KEY, this.isOn ? "on" : "off"); } catch { /* for this page */ }
    this.show();
  }

  show() {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("width", "18");
    svg.setAttribute("height", "18");
    svg.setAttribute("fill", "none");
    svg.setAttribute("aria-hidden", "true");
    for (const d of [SPEAKER, this.isOn ? WAVES : MUTED]) {
      const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
      line.setAttribute("d", d);
      line.setAttribute("stroke", "currentColor");
      line.setAttribute("stroke-width", "2");
      line.setAttribute("stroke-linecap", "round");
      line.setAttribute("stroke-linejoin", "round");
      if (d === SPEAKER) line.setAttribute("fill", "currentColor");
      svg.append(line);
    }
    this.button.replaceChildren(svg, `Spoken hints ${this.isOn ? "on" : "off"}`);
    this.button.setAttribute("aria-pressed", String(this.isOn));
  }

  /**
   * Say a line; the same line not twice within five seconds.
   * @param {string} text
   * @param {boolean} urgent stops what is being said
   */
  say(text, urgent = false) {
    if (!this.isOn || !this.voice || !text) return;
    const now = performance.now();
    if (!urgent && (text === this.last ? now - this.lastAt < 5000 : this.voice.speaking)) return;
    if (urgent) this.voice.cancel();
    const words = new SpeechSynthesisUtterance(text);
    words.lang = "en";
    this.voice.speak(words);
    this.last = text;
    this.lastAt = now;
  }
}
