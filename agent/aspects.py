"""Reads what a question picks, sums or compares by: superlatives, teams and zones, turns, poses, denials."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent import lexicon
from agent.grammar import Asked, read_ordinals
from agent.kinds import kinds_in
from agent.subject import Subject, noun
from core.media import Stream

DENIED = re.compile(r"\b(?:nobody|no one|no-one|nothing|never|not|no|without)\b|n't\b")
PICKS = frozenset({"fastest", "slowest", "largest", "smallest", "longest", "shortest"})
"""Superlatives that pick one visit."""
_MOST = (
    ("longest", r"\blongest\b|\bmost (?:of the )?time\b|\bfor most\b"), ("shortest", r"\bshortest\b|\bbriefest\b"),
    ("fastest", r"\bfastest\b|\bquickest\b|\bhighest speed\b"), ("slowest", r"\bslowest\b|\blowest speed\b"),
    ("largest", r"\b(?:largest|biggest|nearest|closest)\b"), ("smallest", r"\b(?:smallest|farthest|furthest)\b"),
    ("fewest", r"\bfewest\b|\bleast\b"), ("most", r"\bmost\b|\bbusiest\b|\bmore\b"),
)  # fmt: skip


def read_most(low: str, asked: Asked) -> str:
    """The superlative by which `which …` picks, or nothing."""
    found = next((word for word, pattern in _MOST if re.search(pattern, low)), "")
    if asked in (Asked.WHICH, Asked.SPEED):
        return found
    picks_one = (
        asked in (Asked.COLOUR, Asked.DIRECTION, Asked.SIDE, Asked.WHERE, Asked.WHEN) and found in PICKS
    )
    return found if picks_one and not re.search(r"\b(?:nearest|closest|farthest|furthest)\b", low) else ""


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


def read_pair(low: str, asked: Asked) -> tuple[int, int] | None:
    """The two places in the order of coming between which a question asks for the time; None for another question."""
    if (
        asked is not Asked.DURATION
        or "empty" in low
        or not re.search(r"\b(?:between|after|until|from)\b", low)
    ):
        return None
    found = read_ordinals(low.replace("next", "second"))
    return (
        (min(found[:2]), max(found[:2]))
        if len(found) >= 2 and min(found[:2]) > 0 and found[0] != found[1]
        else None
    )


def read_either(low: str, asked: Asked) -> Subject | None:
    """Both nouns of `which comes first, the bus or the truck`, as one subject."""
    two = read_versus(low) if asked in (Asked.WHICH, Asked.ORDER) and re.search(r"\bor\b", low) else ()
    if len(two) < 2:
        return None
    return Subject(
        word=f"{two[0].word} or {two[1].word}", labels=tuple(dict.fromkeys(two[0].labels + two[1].labels))
    )


_ANCHOR = re.compile(
    r"(?<=\w) (right after|just after|directly after|soon after|after|before|when|while|once|until|as soon as) "
    r"((?:the|an?|another|both|two|three|he|she|they|it|someone|somebody|nobody|everyone)\b.+)$"
)


def read_anchor(low: str) -> tuple[str, str, str]:
    """The question without `after the truck leaves`-like clauses, then `after`, `before` or `when`, and that clause.

    Such a clause says that something happens; `after the red car` alone only names a neighbour.
    """
    found = _ANCHOR.search(low)
    if found is None or not re.search(r"\w", low[: found.start()]):
        return low, "", ""
    clause = found[2]
    happens = kinds_in(clause) or any(
        v.search(clause) for v in (lexicon.ENTER, lexicon.LEAVE, lexicon.APPEAR)
    )
    if not happens or re.search(r"\b(?:clip|video|recording|scene)\b", clause):
        return low, "", ""
    word = found[1].rsplit(" ", 1)[-1]
    how = {"after": "after", "before": "before", "until": "before"}.get(word, "when")
    return low[: found.start()], how, clause
