// One capture over one WebSocket: ticket, frames within credit, replies.

const HEADER_BYTES = 12;
const MAGIC = [0x43, 0x4e, 0x46, 0x31]; // CNF1

/** A capture that cannot begin; carries the server's answer. */
export class TicketError extends Error {
  /** @param {string} code @param {number} retryAfterS */
  constructor(code, retryAfterS) {
    super(code);
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

/**
 * Ask the server for what a capture needs.
 * @param {string} url
 * @param {RequestInit} request
 * @returns {Promise<any>} its JSON
 * @throws {TicketError}
 */
export async function ask(url, request) {
  let answer;
  try {
    answer = await fetch(url, { method: "POST", ...request });
  } catch {
    throw new TicketError("lost", 0);
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  throw new TicketError(body.code ?? "server", Number(answer.headers.get("Retry-After") ?? 0));
}

/**
 * A frame as the capture protocol wants it.
 * @param {Blob} image JPEG
 * @param {number} sequence rises with every frame
 * @param {number} takenMs since the camera started
 * @returns {Promise<Uint8Array>}
 */
export async function withHeader(image, sequence, takenMs) {
  const bytes = await image.arrayBuffer();
  const message = new Uint8Array(HEADER_BYTES + bytes.byteLength);
  const head = new DataView(message.buffer);
  message.set(MAGIC, 0);
  head.setUint32(4, sequence);
  head.setUint32(8, Math.round(takenMs));
  message.set(new Uint8Array(bytes), HEADER_BYTES);
  return message;
}

export class Connection {
  /**
   * @param {string} url of the WebSocket
   * @param {Record<string, string>} wishes the ticket, the mark of the camera (see
   *   `Camera.mark`), and whether colours of the screen are wanted
   * @param {(reply: object) => void} onReply
   * @param {() => void} onClosed
   */
  constructor(url, wishes, onReply, onClosed) {
    this.socket = new WebSocket(`${url}?${new URLSearchParams(wishes)}`);
    this.sequence = 0;
    this.credit = 0;
    this.startedAt = performance.now();
    this.socket.onmessage = (event) => {
      const reply = JSON.parse(event.data);
      this.credit += reply.credit ?? 0;
      onReply(reply);
    };
    this.socket.onclose = onClosed;
  }

  get mayWrite() {
    return this.credit > 0 && this.socket.readyState === WebSocket.OPEN;
  }

  get isOpen() {
    return this.socket.readyState <= WebSocket.OPEN;
  }

  /** Tell of the camera, before the first frame. @param {object|null} camera */
  greet(camera) {
    if (camera && this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(camera));
  }

  /** Send one frame; uses one credit. @param {Blob} image JPEG */
  async send(image) {
    this.credit -= 1;
    const message = await withHeader(image, this.sequence, performance.now() - this.startedAt);
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.sequence += 1;
    this.socket.send(message);
  }

  close() {
    this.socket.onclose = null;
    this.socket.close();
  }
}
