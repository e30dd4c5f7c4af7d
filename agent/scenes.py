"""The scenes of a recording: stretches between cuts, and which of them fits a description best."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

from agent import lexicon
from agent.recall import View
from core.clock import SECOND, Span
from core.sight import THING

LEAST = SECOND
"""A stretch shorter than this is no scene of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One stretch between cuts: the words its captions use, and how many of each label were in it."""

    span: Span
    words: frozenset[str]
    labels: dict[str, int]
    colours: frozenset[str] = frozenset()


def scenes_of(view: View) -> list[Scene]:
    """The scenes of the view in order; a recording without a cut is one scene."""
    cuts = sorted(e.span.start for e in view.events(("scene_changed",)))
    bounds = [view.span.start]
    for cut in [*cuts, view.span.end]:
        if cut - bounds[-1] >= LEAST:
            bounds.append(cut)
    spans = [Span(a, b) for a, b in pairwise(bounds)] or [view.span]
    captions = view.captions(limit=2000)
    out = []
    for span in spans:
        told = " ".join(c.text for c in captions if _mostly(c.span, span))
        labels: dict[str, int] = {}
        for visit in view.visits():
            if visit.entity.label != THING and _mostly(visit.span, span):
                labels[visit.entity.label] = labels.get(visit.entity.label, 0) + 1
        seen = (v.colours()[:1] for v in view.visits() if _mostly(v.span, span))
        colours = frozenset(colour for some in seen for colour in some)
        out.append(Scene(span=span, words=frozenset(words_of(told)), labels=labels, colours=colours))
    return out


def _mostly(part: Span, whole: Span) -> bool:
    shared = part.intersect(whole)
    return shared is not None and shared.duration * 2 >= min(part.duration, whole.duration)


def words_of(text: str) -> list[str]:
    """The words of a text that say something, each plural as its singular."""
    words = re.findall(r"[a-z]+", text.lower())
    return [
        w[:-1] if w.endswith("s") and len(w) > 3 and not w.endswith("ss") else w
        for w in words
        if w not in lexicon.STOP_WORDS
    ]


def fits(scene: Scene, description: str, all_scenes: Sequence[Scene]) -> float:
    """How well a scene fits a description: words its captions share, labels it names, each worth more the rarer it is."""
    total = 0.0
    for word in set(words_of(description)):
        rarity = log((1 + len(all_scenes)) / (1 + sum(1 for s in all_scenes if word in s.words)))
        total += rarity * (word in scene.words)
    for families, number in _named(description):
        have = max((scene.labels.get(label, 0) for label in families[:1]), default=0)
        kin = max((scene.labels.get(label, 0) for label in families), default=0)
        holders = sum(1 for s in all_scenes if any(s.labels.get(label) for label in families))
        rarity = log((1 + len(all_scenes)) / (1 + holders)) + 0.1
        part = 1.0 if have else 0.6 if kin else -0.7
        close = 1.0 if number is None or not kin else 1 / (1 + abs(kin - number) / max(number, 1))
        total += rarity * part * (0.5 + 0.5 * close)
    if re.search(r"\bblack[ -]and[ -]white\b|\bgr[ea]yscale\b", description.lower()) and scene.colours:
        total += 0.7 if scene.colours <= {"black", "grey", "white", "silver"} else -0.7
    if re.search(r"\bempty\b|\bnobody\b|\bno one\b", description.lower()):
        total += 1.0 if not scene.labels else -1.0
    return total


_MANY = {"crowd": 15}
"""Words for many, and about how many they mean."""


def _named(description: str) -> list[tuple[tuple[str, ...], int | None]]:
    """The labels a description names, each with its number where one stands before it."""
    words = re.findall(r"[a-z]+", description.lower())
    out: dict[tuple[str, ...], int | None] = {}
    for at, word in enumerate(words):
        if labels := lexicon.LABELS.get(word):
            before = [lexicon.NUMBERS[w] for w in words[max(0, at - 2) : at] if w in lexicon.NUMBERS]
            one = 1 if {"a", "an"} & set(words[max(0, at - 2) : at]) else None
            out.setdefault(labels, _MANY.get(word, before[-1] if before else one))
    return list(out.items())


def best(scenes: Sequence[Scene], description: str) -> tuple[int, float]:
    """The place of the scene that fits best, and by how much it leads (0: none fits at all)."""
    marks = [fits(scene, description, scenes) for scene in scenes]
    order = sorted(range(len(scenes)), key=lambda i: -marks[i])
    if not order or marks[order[0]] <= 0:
        return 0, 0.0
    second = marks[order[1]] if len(order) > 1 else 0.0
    return order[0], max(marks[order[0]] - second, 0.01)
