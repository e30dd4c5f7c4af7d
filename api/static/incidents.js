// Incidents: listed, brought up to date as they happen, and worked by people.

import { $, el, show, spanText, toast } from "./dom.js";
import { get, send } from "./client.js";

const DONE = new Set(["closed", "rejected"]);

export class Incidents {
  constructor(page) {
    this.page = page;
    this.known = new Map();
    this.source = null;
  }

  async start() {
    const { items } = await get("/v1/incidents?limit=200");
    this.known = new Map(items.reverse().map((each) => [each.id, each]));
    this.draw();
    this.source = new EventSource("/v1/alerts/live");
    const says = $("live");
    this.source.onopen = () => {
      says.textContent = "live";
      says.classList.add("on");
    };
    this.source.onerror = () => {
      says.textContent = "reconnecting …";
      says.classList.remove("on");
    };
    this.source.addEventListener("incident", (event) => this.take(JSON.parse(event.data)));
  }

  stop() {
    this.source?.close();
  }

  take(incident) {
    const fresh = !this.known.has(incident.id);
    this.known.set(incident.id, incident);
    this.draw();
    if (fresh) toast(`${incident.severity}: ${incident.message || incident.rule}`);
  }

  draw() {
    const rows = [...this.known.values()].reverse().sort((a, b) => DONE.has(a.state) - DONE.has(b.state));
    const open = rows.filter((each) => !DONE.has(each.state) && each.state !== "acknowledged").length;
    $("incident-count").textContent = open;
    show($("incident-count"), open > 0);
    $("incidents").replaceChildren(...(rows.length ? rows.map((each) => this.row(each)) : [el("li", { class: "dim" }, "No rule has fired.")]));
  }

  row(incident) {
    const mayWork = this.page.role !== "viewer";
    const over = DONE.has(incident.state);
    const work = (verb, label) => el("button", { type: "button", onclick: (event) => this.work(incident, verb, event.target) }, label);
    return el(
      "li",
      { class: over ? "over" : incident.state === "acknowledged" ? "acknowledged" : "open", "data-id": incident.id },
      el("div", { class: "what" }, incident.message || incident.rule),
      el("div", { class: "meta" }, el("span", { class: `tag ${incident.severity}` }, incident.severity), ` ${incident.stream} · ${spanText(incident.start_s, incident.end_s)} · `, el("span", { class: "state" }, incident.state)),
      el("div", { class: "row" },
        el("button", { type: "button", "aria-label": `Play ${incident.rule}`, onclick: () => this.page.play(incident.stream_id, Math.max(0, incident.start_s - 2)) }, "▶ Play"),
        mayWork && !over && incident.state !== "acknowledged" ? work("ack", "Acknowledge") : null,
        mayWork && !over ? work("resolve", "Resolve") : null),
    );
  }

  async work(incident, verb, button) {
    button.disabled = true;
    try {
      this.take(await send("POST", `/v1/incidents/${encodeURIComponent(incident.id)}/${verb}`, {}));
    } catch (problem) {
      button.disabled = false;
      toast(problem.message);
    }
  }
}
