// The ask box: steps as they come, then the answer, whose citations are buttons that jump the player.

import { $, el, show, spanText, toast, words } from "./dom.js";
import { events } from "./client.js";

const STATUS = { answered: "answered", not_seen: "not seen", not_covered: "nobody looked", unsupported: "cannot be answered here" };

export class Asking {
  constructor(page) {
    this.page = page;
    $("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
    $("ask-text").addEventListener("keydown", (pressed) => {
      if (pressed.key === "Enter" && !pressed.shiftKey) {
        pressed.preventDefault();
        $("ask").requestSubmit();
      }
    });
  }

  async ask() {
    const text = $("ask-text").value.trim();
    if (!text) return;
    const button = $("ask").querySelector("button");
    const card = el("article", { class: "answer" }, el("div", { class: "q" }, text), el("div", { class: "how" }, "looking …"));
    $("answers").prepend(card);
    button.disabled = true;
    const stream = this.page.stream;
    const streams = $("ask-all").checked || !stream ? [] : [stream.id];
    const steps = [];
    try {
      await events("/v1/questions", { question: text, streams }, (name, data) => {
        if (name === "step") steps.push(data);
        else if (name === "answer") this.tell(card, text, data);
        else if (name === "problem") card.lastChild.textContent = [data.detail, data.next_step].filter(Boolean).join(" — ");
      });
      $("ask-text").value = "";
    } catch (problem) {
      card.lastChild.textContent = problem.message;
      toast(problem.message);
    } finally {
      button.disabled = false;
    }
  }

  tell(card, text, answer) {
    const cites = el("div", { class: "cites" });
    const jump = (cited) => this.page.play(cited.stream_id, cited.start_s);
    for (const [place, cited] of answer.citations.entries()) {
      const many = new Set(answer.citations.map((each) => each.stream)).size > 1;
      const label = `${many ? `${cited.stream} ` : ""}${spanText(cited.start_s, cited.end_s)}`;
      cites.append(el("button", { type: "button", "aria-label": `Play ${cited.stream} from ${label}`, onclick: () => jump(cited) }, el("b", {}, place + 1), ` ▶ ${label}`));
    }
    const steps = el("details", {}, el("summary", {}, "how it came about"),
      el("ol", {}, ...answer.steps.map((step) => el("li", {}, `${words(step.name)}: ${step.detail}`))));
    show(steps, answer.steps.length > 0);
    card.replaceChildren(
      el("div", { class: "q" }, text),
      el("p", { class: "a" }, ...this.linked(answer, jump)),
      cites,
      el("div", { class: "how" }, el("span", { class: `tag ${answer.status}` }, STATUS[answer.status] || answer.status), ` ${Math.round(answer.confidence * 100)} % sure`),
      steps,
    );
    this.page.cited(answer.citations);
  }

  /** The answer's words, with its [1] [2] as small buttons that play what they point at. */
  linked(answer, jump) {
    return answer.text.split(/(\[\d+\])/).map((part) => {
      const cited = /^\[\d+\]$/.test(part) ? answer.citations[Number(part.slice(1, -1)) - 1] : null;
      if (!cited) return part;
      return el("button", { type: "button", class: "ref", "aria-label": `Play citation ${part}`, onclick: () => jump(cited) }, part.slice(1, -1));
    });
  }
}
