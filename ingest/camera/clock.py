"""The clock of a live stream: from the timestamps of a camera, which begin anew, jump and drift, to the stream's own."""

from __future__ import annotations

from core.clock import SECOND, Micros

JUMP: Micros = 2 * SECOND
"""A step of the camera's clock that differs by more than this from the time that passed is no step but a jump."""

LATE: Micros = 5 * SECOND
"""A camera whose pictures lie behind by more than `JUMP` for so long did not show what lies between: it paused."""

SLACK: Micros = SECOND // 4
"""By so much moments may differ from when pictures arrive before the camera's clock is taken to run fast or slow."""

SLEW = 0.01
"""A clock that runs fast or slow is followed by at most this share of the time that passes."""


class LiveClock:
    """Gives each packet of a camera its moment: when it arrived, evened out by the camera's own clock.

    Within one connection two pictures lie as far apart as their timestamps say, so that the network's unevenness does
    not show. Moments only grow. `after` is the last moment there was before, -1 for none.
    """

    def __init__(self, after: Micros = -1) -> None:
        self._last = self._latest = after
        self._offset: Micros | None = None
        self._before: tuple[Micros, Micros] | None = None
        self._late_since: Micros | None = None

    @property
    def last(self) -> Micros:
        """The last moment that was given to a picture."""
        return self._last

    def connected(self) -> None:
        """Another connection begins: its timestamps have nothing to do with those before."""
        self._offset = self._before = self._late_since = None

    def arrive(self, stamp: Micros, arrived: Micros) -> Micros:
        """The moment of a packet with this timestamp that arrived then on the stream's clock, in the order of arrival."""
        offset, before = self._offset, self._before
        self._before = (stamp, arrived)
        if offset is None or before is None:
            return self._anchor(stamp, arrived)
        step, passed = stamp - before[0], arrived - before[1]
        if step < -JUMP or step - passed > JUMP:
            return self._anchor(stamp, arrived)
        behind = arrived - (stamp + offset)
        if behind <= JUMP:
            self._late_since = None
        elif self._late_since is None:
            self._late_since = arrived
        elif arrived - self._late_since > LATE:
            return self._anchor(stamp, arrived)
        if behind < -SLACK or SLACK < behind <= JUMP:
            most = round(SLEW * max(0, step))
            offset = self._offset = offset + max(-most, min(most, behind))
        self._latest = max(self._latest, stamp + offset)
        return stamp + offset

    def show(self, at: Micros) -> bool:
        """Whether the picture of that moment is the next to be shown; one that would go back in time was shown already."""
        if at <= self._last:
            return False
        self._last = at
        return True

    def _anchor(self, stamp: Micros, arrived: Micros) -> Micros:
        at = self._latest = max(arrived, self._latest + 1)
        self._offset = at - stamp
        self._late_since = None
        return at
