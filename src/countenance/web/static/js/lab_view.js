// The whole picture of a camera or file, mirrored for a camera, with the box around the face.

export class LabView {
  /** @param {HTMLElement} root of `lab_view.html` */
  constructor(root) {
    const part = (id) => root.querySelector(`#${id}`);
    this.root = root;
    this.video = /** @type {HTMLVideoElement} */ (part("video"));
    this.still = /** @type {HTMLImageElement} */ (part("still"));
    this.overlay = part("overlay");
    this.rect = part("box");
    this.isMirrored = true;
    this.url = "";
  }

  /** Show the live camera. */
  showCamera() {
    this.mirror(true);
    this.still.hidden = true;
    this.video.hidden = false;
    this.root.dataset.shows = "camera";
  }

  /** Show one picture. @param {Blob} image @param {boolean} mirrored */
  showImage(image, mirrored) {
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = URL.createObjectURL(image);
    this.mirror(mirrored);
    this.still.src = this.url;
    this.still.hidden = false;
    this.video.hidden = true;
    this.root.dataset.shows = "image";
  }

  /** Show a video file that is stepped through. @param {Blob} file */
  showVideo(file) {
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = URL.createObjectURL(file);
    this.mirror(false);
    this.video.srcObject = null;
    this.video.autoplay = false;
    this.video.src = this.url;
    this.video.hidden = false;
    this.still.hidden = true;
    this.root.dataset.shows = "video";
  }

  /** @param {number} seconds of the video file */
  seek(seconds) {
    if (this.root.dataset.shows === "video" && this.video.readyState > 0) this.video.currentTime = seconds;
  }

  /** @param {boolean} mirrored */
  mirror(mirrored) {
    this.isMirrored = mirrored;
    this.root.toggleAttribute("data-mirrored", mirrored);
  }

  get size() {
    if (!this.still.hidden && this.still.naturalWidth) return [this.still.naturalWidth, this.still.naturalHeight];
    return [this.video.videoWidth || 640, this.video.videoHeight || 480];
  }

  /**
   * Draw the box; null takes it away.
   * @param {number[]|null} box x0 y0 x1 y1 as shares of the frame
   * @param {"good"|"bad"|"neutral"} tone
   */
  draw(box, tone = "neutral") {
    const [width, height] = this.size;
    this.overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.rect.setAttribute("visibility", box ? "visible" : "hidden");
    this.rect.setAttribute("class", tone);
    if (!box) return;
    const left = this.isMirrored ? 1 - box[2] : box[0];
    const values = { x: left * width, y: box[1] * height, width: (box[2] - box[0]) * width, height: (box[3] - box[1]) * height };
    for (const [name, value] of Object.entries(values)) this.rect.setAttribute(name, value.toFixed(1));
  }
}
