// The camera: opened on demand, closed at the end, its troubles told apart.

/** A camera that cannot be used; `kind` is a key of `CAMERA_TROUBLE`. */
export class CameraError extends Error {
  /** @param {string} kind */
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

const KINDS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "busy",
  AbortError: "busy",
};

export class Camera {
  /** @param {HTMLVideoElement} video where the picture is shown */
  constructor(video) {
    this.video = video;
    /** @type {MediaStream|null} */
    this.stream = null;
  }

  /**
   * Ask for the camera and show its picture.
   * @param {(kind: string) => void} onEnded called when the camera goes away by itself
   * @throws {CameraError}
   */
  async open(onEnded) {
    if (!navigator.mediaDevices?.getUserMedia) throw new CameraError("insecure");
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user", frameRate: { ideal: 30 } },
        audio: false,
      });
    } catch (error) {
      throw new CameraError(KINDS[error.name] ?? "none");
    }
    for (const track of this.stream.getVideoTracks()) {
      track.addEventListener("ended", () => { if (this.stream) onEnded("unplugged"); });
    }
    this.video.srcObject = this.stream;
    await this.video.play();
  }

  get size() {
    return { width: this.video.videoWidth, height: this.video.videoHeight };
  }

  /**
   * A mark by which the server knows this camera again: SHA-256 of its name, empty without one.
   * @returns {Promise<string>} 64 hex digits or empty
   */
  async mark() {
    const track = this.stream?.getVideoTracks()[0];
    const name = track?.label || track?.getSettings().deviceId || "";
    if (!name || !crypto.subtle) return "";
    const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(name));
    return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /**
   * What the server may know of the camera; nothing that would tell this one from another of its
   * kind. @returns {object|null} null while none is open
   */
  describe() {
    const track = this.stream?.getVideoTracks()[0];
    if (!track) return null;
    const settings = track.getSettings?.() ?? {};
    const number = (value) => (Number.isFinite(value) ? value : 0);
    return {
      type: "camera",
      label: track.label.slice(0, 200),
      width: number(settings.width),
      height: number(settings.height),
      frame_rate: number(settings.frameRate),
      facing: String(settings.facingMode ?? "").slice(0, 40),
      capabilities: Object.keys(track.getCapabilities?.() ?? {}).slice(0, 40).map((name) => name.slice(0, 40)),
    };
  }

  /** Keep the last frame in view. @param {HTMLCanvasElement} still */
  freeze(still) {
    const { width, height } = this.size;
    if (!this.stream || !width) return;
    Object.assign(still, { width, height });
    still.getContext("2d").drawImage(this.video, 0, 0);
    still.hidden = false;
  }

  close() {
    const stream = this.stream;
    this.stream = null;
    stream?.getTracks().forEach((track) => track.stop());
  }
}
