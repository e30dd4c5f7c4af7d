"""The words of events: which phrases of a question name which kind, how each kind is told, and what it needs to be seen."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent.lexicon import CARRIED, COLOURS, SOMEBODY

_BALL = r"(?:the )?ball\b"
_A = r"(?:an?|any|some|his|her|their|another|no)"
_THE = r"(?:the|that|this|these|those)"
_LIKE = rf"(?:(?:{'|'.join(sorted(COLOURS))}|small|little|big|large|heavy) )?"
_OBJECT = rf"(?:{'|'.join(sorted(CARRIED))})\b(?! (?:area|zone|room|side|office|shop|store|crane))"
_AN_OBJECT = rf"(?:{_A} {_LIKE}{_OBJECT}|(?:something|anything)\b)"
_THE_OBJECT = rf"{_THE} {_LIKE}{_OBJECT}"
"""An object that people carry, with its article and perhaps its colour: one that is new to the talk, and one that is known."""
_ANY_OBJECT = rf"(?:{_AN_OBJECT}|{_THE_OBJECT})"
_BEHIND = r"(?:in|on|behind|there|near|by|beside|under|lying|standing|unattended|somewhere)\b(?! the (?:left|right|top|bottom))"
_SOMEBODY = rf"(?:(?:{_A} |{_THE} )?{_LIKE}(?:{'|'.join(sorted(SOMEBODY | CARRIED))})\b|them\b|it\b|each other|one another)"
_CAMERA = r"(?:camera|lens|picture|image|view|screen|video)"

_KIND_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"near[- ]?miss(?:es)?|almost (?:hit|collid)\w*|nearly (?:hit|collid)\w*|close calls?", ("near_miss",)),
    (r"colli(?:de|des|ded|ding|sion|sions)|crash(?:es|ed|ing)?|accidents?|bump(?:s|ed) into"
     rf"|(?<!almost )(?<!nearly )(?:hits?|hitting|struck|r[au]ns? (?:over|into)) (?={_SOMEBODY})|(?:was|were|got|gets?|been) (?:(?:the |an? )?\w+ )?hit\b", ("collision",)),
    (r"score ?board|(?:the )?score (?:change|changes|changed)|(?:text|sign|display|number|clock|timer|reading)s? (?:ever )?(?:chang\w+|switch\w*)|change of (?:text|score)", ("score_changed", "text_changed")),
    (r"shots?\b(?! from)|shoots?|shooting (?:at|on)|shot at|kick\w* at (?:the )?goal|tr(?:y|ies|ied) to score", ("shot",)),
    (r"goals? (?:is |are |was |were )?scored|scor(?:es|ed|ing) a|scores a|how many goals\b|(?:a|first|last|second|no|any) goal\b(?! area| line| post|keeper)|(?:did|does) .* scores?\b", ("goal",)),
    (r"goal area|penalty (?:area|box)|goal mouth", ("goal_area",)),
    (r"fast breaks?|counter-?attacks?|breakaways?", ("fast_break",)),
    (rf"{_BALL} (?:(?:goe|wa|i|ha)s |go |went |gone |rolls? |rolled )*(?:out|over the line|off)(?: of play| of bounds)?|out of (?:play|bounds)|ball outs?", ("ball_out",)),
    (rf"possession|(?:ha(?:s|d|ve)|holds?|held|keeps?|kept|controls?|controlled|gets?|got|wins?|won|on) {_BALL}|in control of {_BALL}", ("possession",)),
    (r"(?:how many|number of|any|every|of|most|more) (?:(?:successful|complete|completed|long|short|good|back) )?passes\b(?! by)|(?:first|last|second|third|fourth|final|next|a|the) pass\b(?! by)|pass(?:es|ed|ing)? (?:the ball\b|to (?:a|another|his|her|the|each|one) (?:\w+ )?(?:player|team|teammate|mate|other|man|woman)\w*)|passes (?:made|completed|played)|(?:make|made|makes|play|plays|played|complete|completes|completed) (?:\w+ )?(?:a |the )?pass(?:es)?\b|in passes\b", ("pass",)),
    (r"formations?|team shape|shape of (?:the|each) team|compact|spread out|stretched", ("team_shape",)),
    (r"shel(?:f|ves) (?:is |was |becomes? |became |are |gets? |ever )*(?:empty|emptied|bare|sold out)|empt(?:y|ied) shel(?:f|ves)|out of stock|sold out|ran? out of stock", ("shelf_empty",)),
    (r"restock\w*|refill\w*|replenish\w*|shel(?:f|ves) (?:is |was |are )*(?:filled|full again)|(?:fill(?:s|ed)?|stock(?:s|ed)?) (?:up )?the shel(?:f|ves)", ("shelf_restocked",)),
    (r"left behind|le(?:ft|aves?) (?:something|an? \w+) behind|abandon\w*|unattended|put down|puts? (?:an? |the )?\w+ down|set down|placed|put back|put (?:on|onto|in|into)\b|putting down|dropped off"
     rf"|(?:le(?:aves?|aving)|(?<!the )(?<!on )(?<!to )left) (?={_AN_OBJECT}|{_THE_OBJECT} {_BEHIND})"
     rf"|(?:(?<=was )|(?<=were ))(?P<kept>{_ANY_OBJECT}) left (?={_BEHIND})|(?P<also>{_OBJECT}) (?:was|were|been|got|gets?) left (?={_BEHIND})", ("object_left",)),
    (r"tak(?:e|es|en|ing) away|taken|removed?|remov(?:es|al|als|ing)|stolen|stole|steals?|theft|disappear\w*|lift(?:s|ed) away|picked up|takes? (?:an? |the )\w+ away"
     rf"|(?<!it )t(?:akes?|ook|aking) (?={_ANY_OBJECT})|pick(?:s|ing)? up (?={_ANY_OBJECT})|pick(?:s|ed|ing)? (?:it|them|{_ANY_OBJECT}) up", ("object_removed",)),
    (r"on (?:the )?(?:road|carriageway|motorway|highway)(?= (?:where|illegal|as an obstacle|danger))|(?:walk|walks|walked|walking|ran|step|steps|stepped|stray|strays|strayed) (?:on ?to|into|onto|on) the (?:road|carriageway|motorway|highway)|jaywalk\w*|obstacles? on the (?:road|carriageway)|debris|in the roadway", ("on_road",)),
    (rf"{_CAMERA} (?:is |was |be |been |ever |being |gets? |got )*(?:covered|blocked|masked|obstructed|sprayed)|cover(?:s|ed|ing)? (?:up )?the {_CAMERA}|(?:hand|something) (?:in front of|over) the (?:camera|lens)|tamper\w*", ("camera_covered", "camera_dark", "camera_moved")),
    (rf"{_CAMERA} (?:is |was |be |been |ever |gets? |got )*(?:frozen|froze|freezes?|stuck)|freez(?:e|es)|frozen|froze|(?:still|stuck) picture|picture stands? still", ("camera_frozen",)),
    (r"blurr?(?:ed|y|s|ing)?|out of focus|unfocus\w*|defocus\w*|lost focus", ("camera_blurred",)),
    (r"(?:the )?camera (?:is |was |be |been |ever |gets? |got )*(?:moved?|moves|swings?|swung|pans?|panned|shakes?|shaken|shook|turns?|turned|pushed|knocked|bumped|tilted|rotated|shifted|displaced|redirected)\b(?: away)?|(?:camera|view|viewpoint) (?:ever )?(?:changes?|changed|shifts?)|knock\w* the camera|move[ds]? the camera", ("camera_moved", "scene_changed")),
    (rf"flash(?:es|ed)?|(?:goes?|went|turns?|turned|gets?|got|becomes?|became) (?:completely |almost |totally |entirely |very |ever )*(?:dark|black)\b|lights? (?:go|goes|come|comes|went|came|are|is|turn|turns|turned)\b(?: (?:out|off|on))?|brightness|brighter|darker|blackouts?|{_CAMERA} (?:was |is |be |been |ever )*dark|no light|exposure", ("camera_dark", "scene_changed")),
    (r"scene changes?|cuts? to|change of scene|scene cuts?", ("scene_changed",)),
    (r"signal (?:is |was )?lost|connection (?:is |was )?lost|stream (?:is |was |goes? |went )*(?:down|off|lost|interrupted)|camera (?:is |was |goes? |went )*(?:down|off-?line)|outages?|dropouts?", ("stream_down",)),
    (r"(?:came|comes?|went|goes|is|was) back on-?line|reconnect\w*|stream (?:is |was |came |comes )*(?:up|back)", ("stream_up",)),
    (r"wrong[- ]way|wrong direction|against (?:the )?(?:\w+ )?(?:traffic|lane|flow)|ghost drivers?", ("wrong_way",)),
    (r"speeding|speeds?\b(?= (?:in|through|past|along|down|by)\b)|too fast|speed limit|over the limit|exceed\w*", ("speeding",)),
    (r"stand(?:s|ing)? still|stood still|stop(?:s|ped|ping)?\b|halt\w*|come[s]? to (?:a )?(?:rest|stop|halt|standstill)|came to (?:a )?(?:rest|stop|halt|standstill)|park(?:s|ing)\b(?! (?:lot|area|space|place|garage|bay))|pulls? over|pulled over", ("stopped",)),
    (r"start(?:s|ed)? (?:moving|again|to (?:move|walk|drive|go|ride))|begin(?:s)? to (?:move|walk|drive|go)|began to (?:move|walk|drive|go)|sets? off|drives? off|drove off|pulls? away|moves? off|moved off", ("started",)),
    (r"dwell\w*|wait(?:s|ed|ing)?|loiter\w*|linger\w*|hang(?:s|ing)? (?:around|about)", ("dwelled", "stopped")),
    (r"turn(?:s|ed|ing)?\b(?! (?:green|red|yellow|white|black|dark|off|on|out|away from the camera))|u-turns?|chang(?:e|es|ed) direction", ("turned",)),
    (r"meets?\b|met\b", ("together", "approached")),
    (r"approach(?:es|ed|ing)?|come[s]? (?:close|near)(?:r)?\b|came (?:close|near)", ("approached", "near_miss")),
    (r"(?:walk|stand|stay|are|were|go|move|stick|gather)s? together\b|accompan\w+|side by side", ("together",)),
    (r"part(?:s|ed)? (?:from|ways|company)|separat(?:e|es|ed)\b|split(?:s)? up", ("parted",)),
    (r"cross(?:es|ed|ing)?\b(?! from| the picture)", ("crossed_line",)),
    (r"fall(?:s|en|ing)?\b(?! asleep)|fell\b|trip(?:s|ped)\b|slip(?:s|ped)\b|collaps\w+|tumbl\w+|knocked over", ("fell",)),
    (r"run(?:s|ning)?\b(?! out of)|ran\b(?! out of)|sprint\w*|jog(?:s|ged|ging)?\b|rush(?:es|ed|ing)?\b", ("running",)),
    (r"queu(?:e|es|ed|ing)|line[sd]? up|lining up|waiting lines?|traffic jams?|congestion|tailbacks?", ("queue",)),
    (r"(?:a|any|no|the first|the last|many) crowds?\b(?! on)|crowds? (?:form|gather|build)\w*|crowded|gather(?:s|ed|ing|ings)?\b", ("crowd",)),
    (r"blocked|blocks?\b(?! [a-z]\b)|blocking|obstruct\w*|in the way\b", ("blocked", "stalled", "object_left", "stopped")),
    (r"stall(?:s|ed)\b|break(?:s)? down|broke down|broken down|immobile|got stuck", ("stalled", "stopped")),
    (r"hazards?|hazardous|dangers?\b(?! zone| area)|dangerous|unsafe|safety (?:issue|problem|risk|violation|observation)s?", ("hazard",)),
    (r"fight(?:s|ing)?|fought|brawl\w*|punch\w*|attack(?:s|ed)? (?:a|the|each|some)\w*|violen\w+", ("fight",)),
)  # fmt: skip
"""Phrases for things that happen, and the kinds of event they mean, most exact first."""

_COMPILED = tuple((re.compile(rf"\b(?:{pattern})"), kinds) for pattern, kinds in _KIND_WORDS)
_SWALLOWS = frozenset(
    {"pass", "possession", "shot", "goal", "goal_area", "ball_out", "fast_break", "camera_covered", "camera_frozen",
     "camera_blurred", "camera_moved", "camera_dark", "stream_down", "stream_up", "shelf_empty", "score_changed", "wrong_way",
     "object_left", "object_removed", "on_road", "together", "shelf_restocked"}
)  # fmt: skip
"""Kinds whose phrase is taken out once read: its words (`moved`, `turned`, `passes`, `empty`) must not be read twice."""


def read_kinds(text: str) -> tuple[tuple[str, ...], str]:
    """The kinds of event that the lower-case text's phrases mean, most exact first, and the text without the phrases
    whose words would mean something else by themselves (what a phrase names by a group stays in it).
    """
    out: list[str] = []
    for pattern, kinds in _COMPILED:
        if not pattern.search(text):
            continue
        out += [kind for kind in kinds if kind not in out]
        if kinds and kinds[0] in _SWALLOWS:
            text = pattern.sub(
                lambda phrase: f" {' '.join(filter(None, phrase.groupdict().values()))} ", text
            )
    return tuple(out), text


def kinds_in(text: str) -> tuple[str, ...]:
    """The kinds of event that the text's phrases mean, most exact first."""
    return read_kinds(text)[0]


TOLD: Mapping[str, str] = {
    "appeared": "came into the picture", "left": "left the picture", "entered_zone": "entered {zone}",
    "left_zone": "left {zone}", "crossed_line": "crossed {zone}", "stopped": "stopped", "started": "started to move",
    "dwelled": "stayed in {zone}", "approached": "approached", "near_miss": "had a near miss", "object_left": "was left behind",
    "object_removed": "was taken away", "scene_changed": "the scene changed", "camera_moved": "the camera moved",
    "camera_dark": "the camera went dark", "turned": "turned{side}", "together": "were together", "parted": "parted",
    "wrong_way": "went the wrong way", "crowd": "formed a crowd", "running": "ran", "fell": "fell", "collision": "collided",
    "queue": "queued", "blocked": "blocked {zone}", "stalled": "stalled", "speeding": "was too fast",
    "camera_frozen": "the picture froze", "camera_blurred": "the picture was blurred", "camera_covered": "the camera was covered",
    "stream_down": "the stream was down", "stream_up": "the stream was back", "shelf_empty": "{zone} was empty",
    "shelf_restocked": "{zone} was restocked", "possession": "had the ball", "pass": "passed the ball", "shot": "took a shot",
    "goal_area": "was in {zone}", "goal": "scored", "fast_break": "ran a fast break", "ball_out": "the ball went out",
    "team_shape": "the team stood in its shape", "on_road": "was on the road", "text_changed": "the text changed",
    "score_changed": "the score changed", "text_seen": "text was read", "found": "“{what}” was found",
    "described": "{source} says “{said}”", "action": "{source} says “{said}”", "hazard": "{source} sees a hazard: “{said}”",
}  # fmt: skip
"""What the doers did, by kind of event, as a clause; other kinds are told by their names."""

SUBJECTLESS = frozenset(
    {"scene_changed", "camera_moved", "camera_dark", "camera_frozen", "camera_blurred", "camera_covered", "stream_down",
     "stream_up", "shelf_empty", "shelf_restocked", "ball_out", "team_shape", "text_changed",
     "text_seen", "score_changed", "found", "described", "action", "hazard"}
)  # fmt: skip
"""Kinds whose clause names what it happened to: nobody is put before it."""

NOUNS: Mapping[str, str] = {
    "near_miss": "near miss", "fell": "fall", "object_left": "object left behind", "object_removed": "removal",
    "camera_dark": "dark stretch", "camera_moved": "camera movement", "camera_covered": "covering of the camera",
    "camera_frozen": "freeze", "camera_blurred": "blurred stretch", "scene_changed": "change of scene", "shelf_empty": "empty shelf",
    "shelf_restocked": "restocking", "pass": "pass", "shot": "shot", "goal": "goal", "goal_area": "stay in the goal area",
    "fast_break": "fast break", "ball_out": "ball out of play", "crossed_line": "crossing", "stopped": "stop", "turned": "turn",
    "wrong_way": "wrong way", "speeding": "speeding", "collision": "collision", "queue": "queue", "crowd": "crowd",
    "possession": "possession", "stream_down": "outage", "entered_zone": "entry", "left_zone": "exit", "dwelled": "stay",
    "text_changed": "change of text", "score_changed": "change of the score", "text_seen": "text", "running": "run", "approached": "approach",
    "hazard": "hazard",
}  # fmt: skip
"""What one event of a kind is called when such events are counted."""

LASTING = frozenset(
    {"stopped", "dwelled", "blocked", "stalled", "queue", "crowd", "together", "object_left", "possession", "camera_dark",
     "camera_frozen", "camera_blurred", "camera_covered", "stream_down", "shelf_empty", "goal_area", "fast_break", "on_road",
     "running", "wrong_way", "speeding", "fell", "team_shape"}
)  # fmt: skip
"""Kinds that last: how long is a fair question about them."""
SUMMED = frozenset(
    {"possession", "camera_dark", "camera_covered", "camera_frozen", "camera_blurred", "stream_down"}
)
"""Kinds of which `how long` means all of them together."""

BLIND = frozenset({"camera_dark", "camera_covered", "camera_frozen"})
"""While one of these lasts, the pictures show nothing of the place: nobody could look."""
OF_CAMERA = frozenset(
    {"camera_moved", "camera_dark", "camera_frozen", "camera_blurred", "camera_covered", "scene_changed", "stream_down", "stream_up"}
)  # fmt: skip
"""Kinds that say how the camera fares, not what is before it: what was before it need not have been visible."""

NEEDS_DRAWN: Mapping[str, tuple[str, ...]] = {
    "shelf_empty": ("shelf",), "shelf_restocked": ("shelf",), "goal_area": ("goal",), "goal": ("goal",),
    "wrong_way": ("lane",), "on_road": ("road", "lane"),
}  # fmt: skip
"""Kinds that are looked for only where one of these kinds of zone is drawn."""
NEEDS_LABEL: Mapping[str, tuple[str, ...]] = dict.fromkeys(
    ("possession", "pass", "shot", "goal", "ball_out", "fast_break"), ("ball", "sports ball")
)
"""Kinds that are looked for only where something that names one of these labels looked."""
OF_MODELS = frozenset({"hazard", "action", "described"})
"""Kinds that only a model that looks at pictures tells: where none did, nobody looked for them."""
NEVER = frozenset({"fight"})
"""Doings that nothing here recognises."""
