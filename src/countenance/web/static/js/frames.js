// Frames of a video as JPEG: only new ones, whole ones, never more than 300 kB.

const LONGEST_PX = 1280;
const MAX_BYTES = 300_000;
const QUALITIES = [0.85, 0.7, 0.5];

export class FrameSource {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
    this.canvas = document.createElement("canvas");
    this.pen = this.canvas.getContext("2d", { alpha: false });
    this.shownAt = -1;
  }

  /** Resolves when the video shows a frame that was not taken yet. @returns {Promise<void>} */
  next() {
    return new Promise((resolve) => {
      const done = (at) => { this.shownAt = at; resolve(); };
      if ("requestVideoFrameCallback" in this.video) {
        this.video.requestVideoFrameCallback((_now, meta) => done(meta.mediaTime));
        return;
      }
      const look = () => {
        const at = this.video.currentTime;
        if (at !== this.shownAt && this.video.readyState >= 2) done(at);
        else requestAnimationFrame(look);
      };
      look();
    });
  }

  /** The frame that is shown now. @returns {Promise<Blob|null>} null while there is none */
  async take() {
    const { videoWidth: w, videoHeight: h } = this.video;
    if (!w || !h) return null;
    const scale = Math.min(1, LONGEST_PX / Math.max(w, h));
    const [width, height] = [Math.round(w * scale), Math.round(h * scale)];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
    }
    this.pen.drawImage(this.video, 0, 0, width, height);
    for (const quality of QUALITIES) {
      const blob = await new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", quality));
      if (blob && blob.size <= MAX_BYTES) return blob;
    }
    return null;
  }
}
