// The page: who is logged in, which stream is shown, and how its parts meet.

import { $, el, show, clock, spanText, words, who, kindColour, toast } from "./dom.js";
import { get, send, all, upload } from "./client.js";
import { Player } from "./player.js";
import { Timeline } from "./timeline.js";
import { Asking } from "./asking.js";
import { Incidents } from "./incidents.js";

const MOST_ROWS = 500;
const STATES = { new: "waiting", watching: "watching", watched: "watched", failed: "failed" };

class Page {
  constructor() {
    this.streams = [];
    this.stream = null;
    this.events = [];
    this.role = "viewer";
    this.jobs = new Map();
    this.player = new Player((at) => this.timeline.moveTo(at));
    this.timeline = new Timeline((at, event) => this.jump(at, event));
    this.asking = new Asking(this);
    this.incidents = new Incidents(this);
    $("filter").addEventListener("input", () => this.list());
    $("report").addEventListener("click", () => this.report());
    this.prepareUpload();
  }

  async start(key) {
    this.role = key.role;
    $("who").textContent = `${key.name} (${key.role})`;
    show($("login"), false);
    show($("app"));
    show($("upload"), key.role !== "viewer");
    show($("report"), key.role !== "viewer");
    await Promise.all([this.refresh(), this.incidents.start()]);
    if (!this.stream && this.streams.length) await this.open(this.streams[0].id);
  }

  async refresh() {
    this.streams = (await get("/v1/streams")).items;
    for (const stream of this.streams) if (stream.progress !== null) this.follow(stream.job);
    this.drawStreams();
  }

  drawStreams() {
    show($("empty"), this.streams.length === 0);
    $("streams").replaceChildren(...this.streams.map((stream) => this.streamRow(stream)));
  }

  streamRow(stream) {
    const going = stream.progress !== null;
    const state = going ? `${STATES[stream.state] || stream.state} ${Math.round(stream.progress * 100)} %` : stream.problem && stream.state === "failed" ? `failed: ${stream.problem}` : `${clock(stream.duration_s)} · ${STATES[stream.state] || stream.state}`;
    const bar = el("span", { class: "meter" }, el("i"));
    if (going) bar.firstChild.style.width = `${stream.progress * 100}%`;
    return el("li", {}, el("button", { type: "button", "aria-current": this.stream?.id === stream.id ? "true" : "false", onclick: () => this.open(stream.id) },
      el("span", { class: "name" }, stream.name), el("span", { class: `state ${stream.state}` }, state), going ? bar : null));
  }

  /** Follows a job and brings the page up to date as it goes on. */
  follow(id) {
    if (!id || this.jobs.has(id)) return;
    const source = new EventSource(`/v1/jobs/${encodeURIComponent(id)}/events`);
    this.jobs.set(id, source);
    source.addEventListener("job", (event) => this.onJob(JSON.parse(event.data), source));
  }

  async onJob(job, source) {
    const stream = this.streams.find((each) => each.id === job.stream);
    const ended = ["done", "failed", "cancelled"].includes(job.state);
    if (stream) Object.assign(stream, { progress: ended ? null : job.progress });
    if (ended) {
      source.close();
      if (job.state === "failed") toast(`${stream ? stream.name : "a job"}: ${job.problem}`);
      await this.refresh();
    }
    this.drawStreams();
    if (stream && stream.id === this.stream?.id) await this.load();
  }

  /** Shows a stream. */
  async open(id) {
    const stream = this.streams.find((each) => each.id === id);
    if (!stream) return;
    this.stream = stream;
    this.timeline.cited = [];
    this.timeline.at = 0;
    this.drawStreams();
    show($("viewer"));
    $("name").textContent = stream.name;
    $("facts").textContent = `${clock(stream.duration_s)} · ${stream.width}×${stream.height} ${stream.codec} · ${stream.source}`;
    this.player.open(stream);
    await this.load();
  }

  async load() {
    const stream = this.streams.find((each) => each.id === this.stream.id) || this.stream;
    this.stream = stream;
    const asked = `stream=${encodeURIComponent(stream.id)}`;
    const [events, coverage] = await Promise.all([all(`/v1/events?${asked}`), get(`/v1/coverage?${asked}`)]);
    if (this.stream.id !== stream.id) return; // another one was chosen meanwhile
    this.events = events;
    this.timeline.set(stream, events, coverage.items);
    this.list();
  }

  list() {
    const wanted = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (event) => {
      const text = `${words(event.kind)} ${event.zone || ""} ${event.entities.map(who).join(" ")}`.toLowerCase();
      return wanted.every((word) => text.includes(word));
    };
    const shown = this.events.filter(fits);
    $("count").textContent = wanted.length ? `${shown.length} of ${this.events.length}` : `${shown.length}`;
    $("events").replaceChildren(...shown.slice(0, MOST_ROWS).map((event) => this.eventRow(event)));
    if (!shown.length) $("events").replaceChildren(el("tr", {}, el("td", { colspan: 5, class: "dim" }, this.events.length ? "Nothing fits the filter." : "Nothing was seen to happen yet.")));
  }

  eventRow(event) {
    const when = spanText(event.start_s, event.end_s);
    return el("tr", {},
      el("td", {}, el("button", { type: "button", "aria-label": `Play from ${when}`, onclick: () => this.jump(event.start_s, event) }, when)),
      el("td", {}, el("span", { class: "kind", colour: kindColour(event.kind) }, words(event.kind))),
      el("td", {}, event.entities.map(who).join(", ")),
      el("td", {}, event.zone || ""),
      el("td", {}, `${Math.round(event.confidence * 100)} %`));
  }

  /** Jumps the player within the shown stream, and draws the event's evidence on the picture. */
  jump(at, event) {
    this.player.jump(at);
    if (event) this.player.drawBoxes(event.evidence.filter((piece) => piece.box && Math.abs(piece.time_s - at) < 1).map((piece) => piece.box));
  }

  /** Plays any stream from a second: what citations and incidents do. */
  async play(id, at) {
    if (this.stream?.id !== id) await this.open(id);
    if (this.stream?.id !== id) return toast("this stream is gone");
    this.player.jump(at);
    $("stage").scrollIntoView({ block: "start", behavior: "smooth" });
  }

  cited(citations) {
    this.timeline.cite(citations.filter((each) => each.stream_id === this.stream?.id));
  }

  async report() {
    const button = $("report");
    button.disabled = true;
    button.textContent = "writing …";
    try {
      const report = await send("POST", "/v1/reports", { streams: [this.stream.id] });
      open(report.url, "_blank", "noopener");
    } catch (problem) {
      toast(problem.message);
    } finally {
      button.disabled = false;
      button.textContent = "Write a report";
    }
  }

  prepareUpload() {
    const drop = $("upload");
    $("file").addEventListener("change", (event) => this.send(event.target.files));
    drop.addEventListener("submit", (event) => event.preventDefault());
    for (const name of ["dragenter", "dragover"]) {
      drop.addEventListener(name, (event) => (event.preventDefault(), drop.classList.add("over")));
    }
    for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => (event.preventDefault(), this.send(event.dataTransfer.files)));
  }

  async send(files) {
    const bar = $("upload-bar");
    for (const file of files) {
      $("upload-says").textContent = `sending ${file.name} …`;
      show(bar);
      try {
        const taken = await upload(file, (done) => (bar.firstChild.style.width = `${done * 100}%`));
        $("upload-says").textContent = `${taken.name} is being watched`;
        await this.refresh();
        this.follow(taken.job);
        await this.open(taken.id);
      } catch (problem) {
        $("upload-says").textContent = problem.message;
      }
      show(bar, false);
    }
    $("file").value = "";
  }
}

function theme() {
  const kept = localStorage.getItem("theme");
  const dark = kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

theme();
$("theme").addEventListener("click", () => {
  localStorage.setItem("theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  theme();
});

function askForKey() {
  show($("app"), false);
  show($("login"));
  $("key").focus();
}

const page = new Page();

$("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("login-problem").textContent = "";
  try {
    const key = await send("POST", "/v1/session", { key: $("key").value });
    $("key").value = "";
    await page.start(key);
  } catch (problem) {
    $("login-problem").textContent = problem.message;
  }
});

$("logout").addEventListener("click", async () => {
  await send("DELETE", "/v1/session").catch(() => {});
  location.reload();
});

addEventListener("logged-out", () => $("app").hidden || location.reload());

try {
  await page.start(await get("/v1/session"));
} catch (problem) {
  if (problem.status !== 401) toast(problem.message);
  askForKey();
}
