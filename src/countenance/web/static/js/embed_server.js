// What the element asks of its server: always with the client secret, never with a cookie.
import { ask } from "./connection.js";

export class EmbedServer {
  #base;
  #secret;

  /** @param {{url: string, verification: string, secret: string}} given */
  constructor({ url, verification, secret }) {
    const server = new URL(url, location.href);
    this.host = server.host;
    this.#base = new URL(`/verifications/${encodeURIComponent(verification)}/`, server);
    this.#secret = secret;
    const socket = new URL("/ws/verification", server);
    socket.protocol = server.protocol === "https:" ? "wss:" : "ws:";
    /** URL of the WebSocket */
    this.socket = socket.href;
  }

  /** What the capture will look like. @returns {Promise<any>} @throws {TicketError} */
  stage() {
    return this.#ask("stage");
  }

  /** A ticket for one try. @returns {Promise<string>} @throws {TicketError} */
  async ticket() {
    return (await this.#ask("ticket")).ticket;
  }

  /** @param {string} what */
  #ask(what) {
    return ask(new URL(what, this.#base), {
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ client_secret: this.#secret }),
      credentials: "omit",
      referrerPolicy: "no-referrer",
    });
  }
}
