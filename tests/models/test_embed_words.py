"""The word embedder: texts that share words or word stems lie near, others do not."""

from __future__ import annotations

from models.embed_words import WordEmbedder


def near(one: str, other: str) -> float:
    rows = WordEmbedder().embed([one, other])
    return float(rows[0] @ rows[1])


def test_shared_words_are_nearer_than_none() -> None:
    assert near("a forklift blocks the aisle", "the aisle is blocked by a forklift") > 0.5
    assert near("a forklift blocks the aisle", "two dogs play with balls") < 0.2


def test_stems_are_near() -> None:
    assert near("walking", "walked") > near("walking", "standing")
    assert near("forklift", "forklifts") > 0.3 > near("forklift", "aisle")


def test_case_and_order_do_not_matter() -> None:
    assert near("Red Car", "car red") > 0.999


def test_common_words_do_not_make_texts_alike() -> None:
    assert near("what is in the aisle", "what is in the garden") < near("red aisle", "the red aisle")
    assert near("where is it at the", "where is it at the dock") < 0.6


def test_it_finds_the_right_caption_among_many() -> None:
    captions = [
        "Between 0:00 and 0:10: a person in orange enters from the left.",
        "Between 0:10 and 0:20: a forklift has a near miss with a person in red.",
        "Between 0:20 and 0:30 nothing is seen to move.",
        "Between 0:30 and 0:40: a pallet is left behind in aisle.",
    ]
    embedder = WordEmbedder()
    scores = embedder.embed(captions) @ embedder.embed(["was there a near miss with the forklift?"])[0]
    assert scores.argmax() == 1
