"""Reads what a question picks, sums or compares by: superlatives, teams and zones, turns, poses, denials."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.grammar import Asked
from agent.subject import Subject, noun
from core.media import Stream

DENIED = re.compile(r"\b(?:nobody|no one|no-one|nothing|never|not|no|without)\b|n't\b")
_MOST = (
    ("longest", r"\blongest\b|\bmost (?:of the )?time\b|\bfor most\b"), ("shortest", r"\bshortest\b|\bbriefest\b"),
    ("fastest", r"\bfastest\b|\bquickest\b|\bhighest speed\b"), ("slowest", r"\bslowest\b|\blowest speed\b"),
    ("largest", r"\b(?:largest|biggest|nearest|closest)\b"), ("smallest", r"\b(?:smallest|farthest|furthest)\b"),
    ("fewest", r"\bfewest\b|\bleast\b"), ("most", r"\bmost\b|\bbusiest\b|\bmore\b"),
)  # fmt: skip


def read_most(low: str, asked: Asked) -> str:
    """The superlative by which `which …` picks, or nothing."""
    if asked not in (Asked.WHICH, Asked.SPEED):
        return ""
    return next((word for word, pattern in _MOST if re.search(pattern, low)), "")


def read_by(low: str, asked: Asked, streams: Sequence[Stream]) -> str:
    """For what totals are made where the question asks which of them: the teams, or the zones, lanes and lines drawn."""
    if asked not in (Asked.WHICH, Asked.WHERE, Asked.COMPARE):
        return ""
    if re.search(r"\b(?:which|what) (?:\w+ )?(?:team|side)\b(?! of)", low) and "team" in low:
        return "team"
    drawn = any(s.layout.zones or s.layout.lanes or s.layout.lines for s in streams)
    of_zone = re.search(
        r"\b(?:which|what) (?:zones?|lanes?|lines?|aisles?|areas?|shelf|shelves|docks?|crossings?|roads?)\b",
        low,
    )
    return "zone" if drawn and of_zone else ""


def read_turn(low: str) -> str:
    """The side of a turn: `left`, `right` or `back`; nothing where none is named."""
    if re.search(r"\bu-?turn|\bturn\w* (?:back|round|around)\b", low):
        return "back"
    found = re.search(r"\bturn\w*(?: to)?(?: the)? (left|right)\b|\b(left|right)[- ](?:hand )?turn", low)
    return (found[1] or found[2]) if found else ""


def read_pose(low: str) -> str:
    """How people hold themselves, where the question asks it."""
    for pose, pattern in (
        ("sitting", r"\b(?:sit|sits|sitting|sat|seated)\b"),
        ("lying", r"\b(?:lie|lies|lying|lay)\b(?! on the table)"),
    ):
        if re.search(pattern, low):
            return pose
    return ""


def read_versus(low: str) -> tuple[Subject, ...]:
    """The two kinds of things that a comparison names, in the order of the question."""
    found = [subject for word in re.findall(r"[a-z]+", low) if (subject := noun(word)) and subject.labels]
    return tuple(dict.fromkeys(found))[:2] if len(set(found)) >= 2 else ()


def read_undrawn(low: str, streams: Sequence[Stream]) -> str:
    """A zone, lane or line that the question names as drawn, where no stream has any such drawing."""
    found = re.search(r"\b(zone|tripwire|lane (?=\d)|aisle (?=\d)|dock (?=\d))\w*(?: ?[a-z0-9]{1,2}\b)?", low)
    if (
        found
        and not re.search(r"\bzone\b", found[0])
        and any(s.layout.zones or s.layout.lanes for s in streams)
    ):
        return found[0].strip()
    drawn = any(s.layout.zones or s.layout.lines or s.layout.lanes for s in streams)
    return found[0].strip() if found and not drawn else ""
