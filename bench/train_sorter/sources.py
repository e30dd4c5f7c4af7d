"""The data list: which clips the samples come from, what they may teach, and which are held out together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

CLASSES = (
    "person",
    "car",
    "truck",
    "bus",
    "bicycle",
    "motorcycle",
    "forklift",
    "pallet",
    "ball",
    "dog",
    "other",
)
"""What samples may be called; which of them the sorter learns is decided by how many clips show them."""


@dataclass(frozen=True, slots=True)
class Source:
    """One clip. `others`: a moving region that no detector explains, even unsurely, is something else. `only_other`:
    nothing in it has a name of ours. `balls`: what a detector calls a ball is one; `vans`: what it calls a truck is a van,
    which people call a car. `truth`: a MOT file to take instead of detectors.
    """

    name: str
    others: bool = False
    only_other: bool = False
    balls: bool = False
    vans: bool = False
    rendered: bool = False
    truth: Path | None = None
    fps: float = 0.0
    path: Path = Path()

    def at(self, folder: Path) -> Source:
        """The source with its files found in the folder of clips."""
        path = next(p for p in sorted(folder.glob(f"*/{self.name}.*")) if p.suffix in (".mp4", ".avi"))
        truth = path.with_name(f"{self.name}.gt.txt")
        return replace(self, path=path, truth=truth if truth.exists() else None)


REAL: tuple[Source, ...] = (
    Source("worker_zone", others=True),
    Source("store_two_shoppers", others=True),
    Source("cctv_store_entrance", others=True),
    Source("conveyor_produce", only_other=True),
    Source("conveyor_bolt", only_other=True),
    Source("shelf_bottles", only_other=True),
    Source("closet_idle", only_other=True),
    Source("letter_blocks", only_other=True),
    Source("tea_box_hand", only_other=True),
    Source("tree_then_hand", only_other=True),
    Source("dog_toy"),
    Source("bedroom_kids"),
    Source("campus_pets_vtest", others=True, vans=True),
    Source("hall_groups", others=True),
    Source("highstreet_walkers"),
    Source("plaza_crowd_topdown"),
    Source("cctv_corridor_couple"),
    Source("cctv_box_carrier"),
    Source("corridor_two_walk"),
    Source("topdown_cars", others=True, fps=12.5),
    Source("road_arrows", others=True, fps=30.0),
    Source("street_vehicles_a"),
    Source("dashcam_white_right"),
    Source("cctv_garage_cyclists"),
    Source("soccer_left_cam", balls=True),
    Source("gym_two_players", balls=True),
    Source("tennis_clay", balls=True),
    Source("ball_juggling", balls=True),
)
"""Real clips. The sports clips and those where detectors miss many teach no `other`."""


def from_coco(label: str) -> str:
    """Our class for one of COCO's labels."""
    if label in CLASSES:
        return label
    return {"sports ball": "ball", "cat": "dog", "train": "bus"}.get(label, "other")
