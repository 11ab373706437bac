// One conversation with the lab: what is wanted, then frames or the pieces of a file.
import { withHeader } from "./connection.js";

/** @typedef {{type: string, [key: string]: any}} Reply */

export class LabConnection {
  /**
   * @param {string} path of the WebSocket
   * @param {object} wish the first message
   * @param {(reply: Reply) => void} onReply
   * @param {() => void} onClosed called when it ends without a last reply
   */
  constructor(path, wish, onReply, onClosed) {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}${path}`);
    this.credit = 0;
    this.sequence = 0;
    this.waiting = [];
    this.isOver = false;
    this.startedAt = performance.now();
    this.socket.onopen = () => this.socket.send(JSON.stringify(wish));
    this.socket.onmessage = (event) => {
      const reply = JSON.parse(event.data);
      this.credit += reply.credit ?? 0;
      while (this.credit > 0 && this.waiting.length) this.waiting.shift()();
      if (reply.type === "done" || reply.type === "error") this.close();
      onReply(reply);
    };
    this.socket.onclose = () => { if (!this.isOver) { this.close(); onClosed(); } };
  }

  get isOpen() {
    return !this.isOver && this.socket.readyState <= WebSocket.OPEN;
  }

  get mayWrite() {
    return this.credit > 0 && !this.isOver && this.socket.readyState === WebSocket.OPEN;
  }

  /** Send one frame of the camera; uses one credit. @param {Blob} image JPEG */
  async sendFrame(image) {
    this.credit -= 1;
    const message = await withHeader(image, this.sequence, performance.now() - this.startedAt);
    this.sequence += 1;
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(message);
  }

  /**
   * Send a file in pieces, each when there is credit for it.
   * @param {File} file
   * @param {number} pieceBytes
   */
  async sendFile(file, pieceBytes) {
    for (let at = 0; at < file.size && this.isOpen; at += pieceBytes) {
      if (this.credit < 1) await new Promise((resolve) => { this.waiting.push(resolve); });
      if (!this.isOpen) return;
      this.credit -= 1;
      this.socket.send(await file.slice(at, at + pieceBytes).arrayBuffer());
    }
  }

  /** Ask for the end; what was done so far is told. */
  stop() {
    if (this.isOpen && this.socket.readyState === WebSocket.OPEN) this.socket.send("stop");
    else this.close();
  }

  close() {
    this.isOver = true;
    this.waiting.splice(0).forEach((resolve) => resolve());
    this.socket.close();
  }
}
