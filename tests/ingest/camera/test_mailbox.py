"""Where looks wait: never much, the latest win, and nothing that matters is lost with them."""

from __future__ import annotations

import threading

import numpy as np

from core.clock import SECOND
from core.media import Frame
from ingest.camera.mailbox import MOST_WAITING, OLDEST, Ended, Mailbox, Outage
from ingest.decode.looks import Look


def look(n: int, *, picture: bool = True, cut: bool = False) -> Look:
    frame = Frame(at=n, picture=np.zeros((4, 4, 3), np.uint8)) if picture else None
    return Look(at=n, frame=frame, moved=0.5 if picture else 0.0, cut=cut)


def taken(box: Mailbox) -> list[Look | Outage | Ended]:
    out = []
    while (item := box.take(0.0)) is not None:
        out.append(item)
    return out


def test_who_looks_in_time_gets_every_look() -> None:
    box = Mailbox(2)
    for n in range(100):
        box.put(look(n))
        item = box.take(0.0)
        assert isinstance(item, Look)
        assert item.at == n
    assert (box.looks, box.dropped) == (100, 0)


def test_the_latest_looks_win_and_the_others_are_counted() -> None:
    box = Mailbox(3)
    for n in range(10):
        box.put(look(n))
    assert [item.at for item in taken(box) if isinstance(item, Look)] == [7, 8, 9]
    assert (box.looks, box.dropped) == (10, 7)


def test_a_cut_in_a_look_that_was_left_out_is_said_by_the_next() -> None:
    box = Mailbox(2)
    box.put(look(0, cut=True))
    for n in (1, 2):
        box.put(look(n))
    assert [(item.at, item.cut) for item in taken(box) if isinstance(item, Look)] == [(1, True), (2, False)]


def test_an_outage_is_never_left_out_and_told_as_it_last_was() -> None:
    box = Mailbox(1)
    box.put(look(0))
    for until in range(2, 6):
        box.put(Outage(since=1, until=until, reason="away"))
    box.put(Outage(since=1, until=9, reason="away", over=True))
    for n in range(9, 30):
        box.put(look(n))
    first, *rest = taken(box)
    assert first == Outage(since=1, until=9, reason="away", over=True)
    assert [item.at for item in rest if isinstance(item, Look)] == [29]


def test_it_never_grows_whatever_is_put_in() -> None:
    box = Mailbox(4)
    for n in range(10_000):
        match n % 3:
            case 0:
                box.put(look(n, picture=False))
            case 1:
                box.put(Outage(since=n, until=n + 1, reason="away"))
            case _:
                box.put(look(n))
    assert len(taken(box)) <= MOST_WAITING


def test_nothing_waits_that_is_much_older_than_the_latest() -> None:
    box = Mailbox()
    for n in range(40):
        box.put(look(n * SECOND // 2, picture=False))
    waiting = [item.at for item in taken(box) if isinstance(item, Look)]
    assert waiting[-1] - waiting[0] <= OLDEST
    assert box.dropped == 40 - len(waiting)


def test_who_waits_loses_nothing() -> None:
    box, out = Mailbox(2, waits=True), []

    def put() -> None:
        for n in range(50):
            box.put(look(n * SECOND))
        box.put(Ended())

    thread = threading.Thread(target=put)
    thread.start()
    while not isinstance(item := box.take(30.0), Ended):
        out.append(item)
    thread.join()
    assert len(out) == 50
    assert box.dropped == 0


def test_the_end_comes_last() -> None:
    box = Mailbox()
    box.put(look(SECOND))
    box.put(Ended(problem="no more"))
    assert taken(box)[-1] == Ended(problem="no more")
