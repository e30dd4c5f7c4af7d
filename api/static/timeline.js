// The timeline: a band of coverage, and a lane of marks for each kind of event. Click anywhere to jump there.

import { $, svg, clock, spanText, words, kindColour, who } from "./dom.js";

const LEFT = 108;
const RIGHT = 10;
const LANE = 19;
const TOP = 20;

export class Timeline {
  constructor(onJump) {
    this.root = $("timeline");
    this.onJump = onJump;
    this.stream = null;
    this.cited = [];
    new ResizeObserver(() => this.draw()).observe(this.root);
  }

  set(stream, events, coverage) {
    Object.assign(this, { stream, events, coverage });
    this.draw();
  }

  /** Marks the spans an answer points at. */
  cite(spans) {
    this.cited = spans;
    this.draw();
  }

  x(second) {
    return LEFT + (second / Math.max(0.001, this.stream.duration_s)) * (this.width - LEFT - RIGHT);
  }

  moveTo(second) {
    if (!this.now || !this.stream) return;
    const x = this.x(second);
    this.now.setAttribute("x1", x);
    this.now.setAttribute("x2", x);
    $("clock").textContent = `${clock(second)} / ${clock(this.stream.duration_s)}`;
    this.at = second;
  }

  draw() {
    if (!this.stream) return;
    this.width = Math.max(260, this.root.clientWidth);
    const counts = new Map();
    for (const event of this.events) counts.set(event.kind, (counts.get(event.kind) || 0) + 1);
    const kinds = [...counts.keys()];
    const height = TOP + LANE * (kinds.length + 1) + 6;
    const drawing = svg("svg", { width: this.width, height, viewBox: `0 0 ${this.width} ${height}`, role: "group", "aria-label": "Timeline of events" });
    this.ticks(drawing, height);
    this.band(drawing);
    kinds.forEach((kind, lane) => this.lane(drawing, kind, lane));
    for (const span of this.cited) {
      const x = this.x(span.start_s);
      const width = Math.max(3, this.x(span.end_s) - x);
      drawing.append(svg("rect", { class: "cited", x, y: TOP, width, height: height - TOP }));
      drawing.append(svg("rect", { class: "cited edge", x, y: TOP - 3, width, height: 4 }));
    }
    this.now = svg("line", { class: "now", y1: TOP - 4, y2: height });
    drawing.append(this.now);
    drawing.addEventListener("click", (event) => {
      const x = event.clientX - drawing.getBoundingClientRect().left;
      if (x >= LEFT) this.onJump(((x - LEFT) / (this.width - LEFT - RIGHT)) * this.stream.duration_s);
    });
    this.root.replaceChildren(drawing);
    this.moveTo(this.at || 0);
  }

  ticks(drawing, height) {
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600];
    const step = steps.find((each) => (each / this.stream.duration_s) * (this.width - LEFT - RIGHT) >= 62) || 21600;
    for (let at = 0; at <= this.stream.duration_s; at += step) {
      const x = this.x(at);
      drawing.append(svg("line", { class: "tick", x1: x, x2: x, y1: TOP - 5, y2: height }));
      drawing.append(svg("text", { x: x + 3, y: 11 }, clock(at).replace(/\.0$/, "")));
    }
  }

  band(drawing) {
    drawing.append(svg("text", { x: 0, y: TOP + 12 }, "coverage"));
    drawing.append(svg("rect", { class: "track", x: LEFT, y: TOP + 4, width: this.width - LEFT - RIGHT, height: LANE - 9, rx: 3 }));
    for (const span of this.coverage) {
      const x = this.x(span.start_s);
      const title = svg("title", {}, `${words(span.state)} ${spanText(span.start_s, span.end_s)}${span.reason ? `: ${span.reason}` : ""}`);
      drawing.append(svg("rect", { class: `cover ${span.state}`, x, y: TOP + 4, width: Math.max(0.5, this.x(span.end_s) - x), height: LANE - 9 }, title));
    }
  }

  lane(drawing, kind, lane) {
    const y = TOP + LANE * (lane + 1);
    drawing.append(svg("text", { x: 0, y: y + 13 }, words(kind)));
    drawing.append(svg("rect", { class: "track", x: LEFT, y: y + 2, width: this.width - LEFT - RIGHT, height: LANE - 5, rx: 3 }));
    for (const event of this.events) if (event.kind === kind) drawing.append(this.mark(event, y));
  }

  mark(event, y) {
    const x = this.x(event.start_s);
    const told = `${words(event.kind)} ${spanText(event.start_s, event.end_s)} ${event.entities.map(who).join(", ")} ${event.zone || ""}`;
    const jump = (trigger) => {
      trigger.stopPropagation();
      this.onJump(event.start_s, event);
    };
    return svg(
      "rect",
      {
        class: "mark", x, y: y + 2, width: Math.max(6, this.x(event.end_s) - x), height: LANE - 5, rx: 3, fill: kindColour(event.kind),
        tabindex: 0, role: "button", "aria-label": told.trim(), onclick: jump,
        onkeydown: (pressed) => ["Enter", " "].includes(pressed.key) && (pressed.preventDefault(), jump(pressed)),
      },
      svg("title", {}, told),
    );
  }
}
