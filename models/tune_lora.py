"""Teaches a local vision-language model by a LoRA adapter: few weights beside its own, which stay as they are."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Invalid
from core.ports import Ask
from core.tuning import Lesson, Mastery, Tuned
from models.hub import missing
from models.vlm_local_model import LocalModel, LocalWish, chat

IGNORED = -100
"""The label of a token that is not learned."""
Progress = Callable[[int, int, float], None]
"""Is told the step, how many there are, and the loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How it is taught: adapters of so small a rank, so many steps of so many lessons, AdamW's rate (which sinks to nothing),
    the share of old lessons in every step where there are old ones, and the seed of their order.
    """

    rank: int = 16
    steps: int = 200
    batch: int = 4
    rate: float = 2e-4
    old_share: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.rank, self.steps, self.batch) < 1 or not 0 < self.rate < 1 or not 0 <= self.old_share < 1:
            raise Invalid(f"this is no plan to teach by: {self}", next_step="see `sightline tune --help`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is taught and what is held out to see whether it was learned, of the new and of the old."""

    new: Sequence[Lesson]
    held: Sequence[Lesson]
    old: Sequence[Lesson] = ()
    old_held: Sequence[Lesson] = ()


def tune(
    wish: LocalWish, course: Course, folder: Path, plan: Plan, progress: Progress = lambda *_: None
) -> Tuned:
    """Writes an adapter into the folder which `transformers:MODEL?adapter=FOLDER` loads, and says what it did.

    Raises `Invalid` where nothing is taught or held out, `ModelUnavailable` where libraries or the model are missing.
    """
    if not course.new or not course.held:
        raise Invalid("there is too little to learn from", next_step="give at least two pictures with texts")
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise missing("tuning", error) from error
    import torch

    model = LocalModel(wish)
    before, old_before = mastery(model, course.held), _of_old(model, course)
    torch.manual_seed(plan.seed)
    form = LoraConfig(r=plan.rank, lora_alpha=2 * plan.rank, target_modules="all-linear")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # what the two libraries have to tell each other
        model.model = get_peft_model(model.model, form)
    _teach(model, course, plan, progress)
    model.model.eval()
    model.model.save_pretrained(folder)
    return Tuned(
        model=model.name,
        taught=len(course.new),
        steps=plan.steps,
        before=before,
        after=mastery(model, course.held),
        old_before=old_before,
        old_after=_of_old(model, course),
    )


def _of_old(model: LocalModel, course: Course) -> Mastery | None:
    return mastery(model, course.old_held) if course.old_held else None


def _teach(model: LocalModel, course: Course, plan: Plan, progress: Progress) -> None:
    import torch

    weights = [p for p in model.model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=plan.rate, weight_decay=0.0)
    dice = random.Random(plan.seed)  # noqa: S311 - an order, not a secret
    decks = _Deck(course.new, dice), _Deck(course.old, dice)
    olds = min(plan.batch - 1, round(plan.batch * plan.old_share)) if course.old else 0
    model.model.train()
    for step in range(plan.steps):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * min(1.0, (step + 1) / 10) * (1 - step / plan.steps)
        lessons = decks[0].draw(plan.batch - olds) + decks[1].draw(olds)
        total = 0.0
        for some in _alike(lessons):
            loss = loss_of(model, some) * (len(some) / len(lessons))
            loss.backward()
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        progress(step + 1, plan.steps, total)


class _Deck:
    """Lessons in a random order, every one once before any comes again."""

    def __init__(self, lessons: Sequence[Lesson], dice: random.Random) -> None:
        self._lessons, self._dice = lessons, dice
        self._left: list[Lesson] = []

    def draw(self, count: int) -> list[Lesson]:
        """The next so many."""
        drawn: list[Lesson] = []
        while len(drawn) < count:
            if not self._left:
                self._left = list(self._lessons)
                self._dice.shuffle(self._left)
            drawn.append(self._left.pop())
        return drawn


def _alike(lessons: Sequence[Lesson]) -> list[list[Lesson]]:
    """The lessons in groups of equally many pictures, which go through a model together."""
    groups: dict[int, list[Lesson]] = {}
    for lesson in lessons:
        groups.setdefault(len(lesson.pictures), []).append(lesson)
    return list(groups.values())


def mastery(model: LocalModel, lessons: Sequence[Lesson], batch: int = 16) -> Mastery:
    """How well the model does the lessons."""
    import torch

    right, loss = 0, 0.0
    for at in range(0, len(lessons), batch):
        some = lessons[at : at + batch]
        longest = max(len(model.processor.tokenizer(each.wanted)["input_ids"]) for each in some) + 8
        replies = model.ask([Ask(prompt=e.prompt, pictures=e.pictures, max_tokens=longest) for e in some])
        right += sum(
            _meant(reply.text) == _meant(each.wanted) for each, reply in zip(some, replies, strict=True)
        )
        with torch.inference_mode():
            loss += sum(float(loss_of(model, group)) * len(group) for group in _alike(some))
    return Mastery(lessons=len(lessons), accuracy=right / len(lessons), loss=loss / len(lessons))


def _meant(reply: str) -> list[str]:
    """The words of a reply, without what leads to them in a model that reasons."""
    return reply.rpartition("</think>")[2].split()


def loss_of(model: LocalModel, lessons: Sequence[Lesson]) -> Any:
    """The mean loss per token of the wanted replies, the end among them; prompts and padding are not learned."""
    processor = model.processor
    end = processor.tokenizer.eos_token
    prompts, pictures = [], []
    for lesson in lessons:
        asked = chat(Ask(prompt=lesson.prompt, pictures=lesson.pictures))
        prompts.append(processor.apply_chat_template(asked, add_generation_prompt=True, tokenize=False))
        pictures.append([part["image"] for part in asked[-1]["content"] if part["type"] == "image"])
    whole = [f"{prompt}{lesson.wanted}{end}" for prompt, lesson in zip(prompts, lessons, strict=True)]
    form = {"return_tensors": "pt", "padding": True, "add_special_tokens": False}
    asked_for = processor(text=prompts, images=pictures, **form)["attention_mask"].sum(1)
    inputs = processor(text=whole, images=pictures, **form).to(model.model.device, model.dtype)
    labels = inputs["input_ids"].clone()
    width, lengths = labels.shape[1], inputs["attention_mask"].sum(1)
    for row, (length, prompt) in enumerate(zip(lengths.tolist(), asked_for.tolist(), strict=True)):
        labels[row, : width - length + prompt] = IGNORED  # padding is on the left
    return model.model(**inputs, labels=labels).loss
