"""`supervision.Detections` in and out: nothing is lost on the way."""

from __future__ import annotations

import numpy as np
import pytest
import supervision as sv
from hypothesis import given
from hypothesis import strategies as st

from api.detections import of_detections, of_sightings, of_tracks, to_detections, to_sightings
from core.clock import Span
from core.ids import StreamId, TrackId
from core.place import Box
from core.sight import Detection, Sighting, Track, TrackPoint

edges = st.floats(-1e4, 1e4, allow_nan=False)
lengths = st.floats(0.01, 1e4)
boxes = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), edges, edges, lengths, lengths)
labels = st.sampled_from(["person", "car", "thing", "fire hydrant"])
scores = st.floats(0, 1)
detections = st.builds(
    Detection, label=labels, box=boxes, score=scores, source=st.text(max_size=8),
    appearance=st.lists(st.floats(0, 1), max_size=3).map(tuple),
)  # fmt: skip
sightings = st.builds(
    Sighting, number=st.integers(1, 10**6), at=st.integers(0, 10**13), label=labels, box=boxes, score=scores
)


@given(st.lists(detections, max_size=6))
def test_detections_come_back_as_they_went(found: list[Detection]) -> None:
    assert to_detections(of_detections(found)) == found


@given(st.lists(sightings, max_size=6))
def test_sightings_come_back_as_they_went(found: list[Sighting]) -> None:
    assert to_sightings(of_sightings(found)) == found


def test_what_supervision_filters_comes_back_filtered() -> None:
    found = [
        Detection(label=name, box=Box(n, 0, n + 5, 5), score=n / 10, source="d")
        for n, name in enumerate("abab")
    ]
    given_ = of_detections(found)
    assert list(given_.class_id) == [0, 1, 0, 1]
    assert to_detections(given_[given_.confidence > 0.15]) == found[2:]


def test_the_detections_of_others_are_taken() -> None:
    theirs = sv.Detections(
        xyxy=np.array([[0, 0, 10, 10], [5, 5, 9, 9]], np.float32),
        class_id=np.array([2, 0]),
        tracker_id=np.array([7, -1]),
    )
    names = {0: "person", 2: "car"}
    assert [(d.label, d.score) for d in to_detections(theirs, names)] == [("car", 1.0), ("person", 1.0)]
    (sure,) = to_sightings(theirs, at=5, labels=names)
    assert (sure.number, sure.at, sure.label) == (7, 5, "car")
    with pytest.raises(ValueError, match="class_name"):
        to_detections(theirs)
    with pytest.raises(ValueError, match="moment"):
        to_sightings(theirs, labels=names)


def test_tracks_at_a_moment() -> None:
    points = (TrackPoint(10, Box(0, 0, 5, 5), 0.5), TrackPoint(20, Box(1, 0, 6, 5), 0.6))
    track = Track(
        id=TrackId("t"), stream_id=StreamId("s"), number=3, label="car", span=Span(10, 21), confidence=0.5, points=points
    )  # fmt: skip
    seen = of_tracks([track], 20)
    assert list(seen.tracker_id) == [3]
    assert to_sightings(seen)[0].box == Box(1, 0, 6, 5)
    assert len(of_tracks([track], 15)) == 0
