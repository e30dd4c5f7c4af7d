"""What a model is taught from, and what came of teaching it."""

from __future__ import annotations

from dataclasses import dataclass

from core.media import Picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lesson:
    """Pictures, what is asked about them, and the reply that is wanted."""

    prompt: str
    pictures: tuple[Picture, ...]
    wanted: str

    def __post_init__(self) -> None:
        if not self.pictures or not self.wanted.strip():
            raise ValueError("a lesson needs a picture and a wanted reply")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mastery:
    """How well a model does lessons it was not taught: the share of replies that are word for word as wanted, and the
    mean loss per token of the wanted replies (cross-entropy, natural logarithm).
    """

    lessons: int
    accuracy: float
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What tuning did: on lessons held out of the new ones, and of the old ones where there are some, before and after."""

    model: str
    taught: int
    steps: int
    before: Mastery
    after: Mastery
    old_before: Mastery | None = None
    old_after: Mastery | None = None
