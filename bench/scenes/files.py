"""The files beside a rendered video: truth, tracks in MOT format, zones, rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from api.wire import stream as wire_stream
from bench.scenes.scene import Scene
from bench.scenes.truth import Happening, Stay, side_of
from core.place import Layout

CLASSES = {"person": 1, "forklift": 2, "pallet": 3, "car": 4, "bicycle": 5, "ball": 6, "van": 7, "truck": 8, "bus": 9,
    "motorcycle": 10, "box": 11, "cart": 12,
}  # fmt: skip
"""Class numbers in the MOT files."""


def write_truth(path: Path, scene: Scene, visits: list[Stay], events: list[Happening]) -> None:
    """Writes entities with their visits, and events, in seconds to a millisecond."""
    document = {
        "kind": scene.kind,
        "domain": scene.kind,
        "seed": scene.seed,
        "fps": scene.fps,
        "frames": scene.frames,
        "duration_s": scene.duration,
        "conditions": scene.conditions.words,
        "width": scene.camera.width,
        "height": scene.camera.height_px,
        **({"kinds": list(scene.scored)} if scene.scored else {}),
        "entities": _entities(scene, visits),
        "events": [_event(event, scene) for event in events],
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _entities(scene: Scene, visits: list[Stay]) -> list[dict[str, Any]]:
    out = []
    for actor in (a for a in scene.actors if not a.scenery):
        mine = [stay for stay in visits if stay.actor.name == actor.name]
        spans = [
            {
                "track": stay.number,
                "start_s": round(stay.frames[0] / scene.fps, 3),
                "end_s": round(stay.frames[-1] / scene.fps, 3),
                "entered": side_of(stay.boxes[0], scene),
                "left": side_of(stay.boxes[-1], scene),
            }
            for stay in mine
        ]
        out.append(
            {
                "id": actor.name,
                "label": actor.label,
                "attributes": {"colour": actor.colour, **actor.attributes},
                "visits": spans,
            }
        )
    return out


def _event(event: Happening, scene: Scene) -> dict[str, Any]:
    labels = {actor.name: actor.label for actor in scene.actors}
    return {
        "kind": event.kind,
        "start_s": round(event.start, 3),
        "end_s": round(event.end, 3),
        "due_s": round(event.start if event.due is None else event.due, 3),
        "entities": [{"id": name, "label": labels[name], "role": role} for name, role in event.who],
        "zone": event.zone,
        **({"optional": True} if event.optional else {}),
        **event.more,
    }


def write_mot(path: Path, visits: list[Stay]) -> None:
    """Writes `frame, id, x, y, w, h, confidence, class, visibility`; frames from 1, one id per visit."""
    rows = []
    for stay in visits:
        kind = CLASSES.get(stay.actor.label, 99)
        for frame, box, seen in zip(stay.frames, stay.boxes, stay.seen, strict=True):
            place = f"{box.x1:.1f},{box.y1:.1f},{box.width:.1f},{box.height:.1f}"
            rows.append((frame + 1, stay.number, f"{frame + 1},{stay.number},{place},1,{kind},{seen:.2f}"))
    path.write_text("".join(row + "\n" for _, _, row in sorted(rows)))


def write_zones(path: Path, layout: Layout) -> None:
    """Writes the drawings as a zones file, in pixels."""
    document: dict[str, Any] = wire_stream.layout(layout)
    kept = {name: rows for name, rows in document.items() if rows}
    path.write_text(yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, default_flow_style=None))


def write_rules(path: Path, scene: Scene) -> None:
    """Writes the scene's rules as a rule file."""
    path.write_text(yaml.safe_dump({"rules": list(scene.rules)}, sort_keys=False, allow_unicode=True))
