// Plays a stream through its clips: whole where it is short, else window by window. Its time is the stream's own.

import { $, show } from "./dom.js";
import { get } from "./client.js";

const WHOLE_S = 120;
const WINDOW_S = 60;

export class Player {
  constructor(onTime) {
    this.video = $("video");
    this.says = $("video-says");
    this.stream = null;
    this.offset = 0;
    this.end = 0;
    this.onTime = onTime;
    this.boxTimer = 0;
    this.video.addEventListener("timeupdate", () => this.stream && onTime(this.time));
    this.video.addEventListener("seeking", () => this.stream && onTime(this.time));
    this.video.addEventListener("ended", () => this.goOn());
    this.video.addEventListener("error", () => this.failed());
    this.video.addEventListener("loadeddata", () => show(this.says, false));
  }

  get time() {
    return this.offset + this.video.currentTime;
  }

  /** Takes up a stream; shows its first picture. */
  open(stream) {
    this.stream = stream;
    this.end = 0;
    this.clearBoxes();
    this.load(0, 0, false);
  }

  close() {
    this.stream = null;
    this.video.removeAttribute("src");
    this.video.load();
  }

  /** Goes to the second, and plays. */
  jump(second, play = true) {
    this.clearBoxes();
    const at = Math.max(0, Math.min(second, Math.max(0, this.stream.duration_s - 0.05)));
    if (at >= this.offset && at < this.end) {
      this.video.currentTime = at - this.offset;
      if (play) this.play();
    } else {
      this.load(this.windowOf(at), at, play);
    }
    this.onTime(at);
  }

  windowOf(second) {
    return this.stream.duration_s <= WHOLE_S ? 0 : Math.floor(second / WINDOW_S) * WINDOW_S;
  }

  load(start, at, play) {
    const length = this.stream.duration_s <= WHOLE_S ? WHOLE_S : WINDOW_S;
    this.offset = start;
    this.end = Math.min(this.stream.duration_s, start + length);
    this.says.textContent = "preparing the picture …";
    show(this.says);
    this.source = `/v1/clips/${encodeURIComponent(this.stream.id)}?start_s=${start}&end_s=${this.end}`;
    this.video.src = this.source;
    this.video.addEventListener(
      "loadedmetadata",
      () => {
        this.video.currentTime = Math.max(0, at - start);
        if (play) this.play();
      },
      { once: true },
    );
  }

  play() {
    this.video.play().catch(() => {}); // a browser may refuse to play unasked: the picture stands at the second
  }

  goOn() {
    if (this.stream && this.end < this.stream.duration_s - 0.05) this.load(this.end, this.end, true);
  }

  async failed() {
    if (!this.stream || !this.video.getAttribute("src")) return;
    let why = "the picture cannot be shown";
    try {
      await get(this.source);
    } catch (problem) {
      if (problem.status) why = problem.message;
    }
    this.says.textContent = why;
    show(this.says);
  }

  /** Draws boxes of evidence over the picture for a moment. Boxes are in pixels of the source. */
  drawBoxes(boxes) {
    this.clearBoxes();
    const { width, height } = this.stream;
    if (!boxes.length || !width || !height) return;
    const space = "http://www.w3.org/2000/svg";
    const drawing = document.createElementNS(space, "svg");
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    drawing.setAttribute("preserveAspectRatio", "xMidYMid meet");
    for (const [x1, y1, x2, y2] of boxes) {
      const box = document.createElementNS(space, "rect");
      for (const [name, value] of Object.entries({ x: x1, y: y1, width: x2 - x1, height: y2 - y1 })) {
        box.setAttribute(name, value);
      }
      drawing.append(box);
    }
    $("boxes").replaceChildren(drawing);
    this.boxTimer = setTimeout(() => this.clearBoxes(), 1600);
  }

  clearBoxes() {
    clearTimeout(this.boxTimer);
    $("boxes").replaceChildren();
  }
}
