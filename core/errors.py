"""Every error Sightline raises on purpose; whose fault it is decides the branch.

SightlineError
├─ Refused          the request cannot be met as it stands        (exit status 2)
│  ├─ NotFound      no such stream, rule, incident …              (HTTP 404)
│  │  └─ Erased     it was here, and was forgotten                (HTTP 410)
│  ├─ Conflict      it clashes with what is already there         (HTTP 409)
│  ├─ Invalid       the request does not make sense               (HTTP 422)
│  │  └─ BadMedia   a file that holds no video that can be read
│  └─ Denied        no key, or not this key                       (HTTP 401 / 403)
├─ Unavailable      something needed is not there now: try later  (exit status 3, HTTP 503)
│  ├─ SourceUnavailable (CameraRefused) · ModelUnavailable · StoreUnavailable
└─ BadReply         a model spoke out of turn                     (recorded and counted, HTTP 502)
   ├─ Unparsable
   └─ Uncited

Foreign exceptions are translated where the foreign library is called. Each error names its cause in
the message and the way out in `next_step`.
"""

from __future__ import annotations


class SightlineError(Exception):
    """Something went wrong that a person can be told about: a cause, the next step, and the stage it broke in."""

    def __init__(self, message: str, *, next_step: str = "", stage: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.stage = stage

    def __str__(self) -> str:
        return f"{self.message}. {self.next_step}" if self.next_step else self.message

    def __reduce__(self) -> tuple[object, ...]:  # errors cross from the decoding child: keep every field
        return _rebuild, (type(self), self.message, self.next_step, self.stage)


def _rebuild(kind: type[SightlineError], message: str, next_step: str, stage: str) -> SightlineError:
    return kind(message, next_step=next_step, stage=stage)


class Refused(SightlineError):
    """The request cannot be met as it stands; asking again unchanged will not help."""


class NotFound(Refused):
    """What was named is not here."""


class Erased(NotFound):
    """What was named was here and was forgotten: it will not come back."""


class Conflict(Refused):
    """The request clashes with what is already stored."""


class Invalid(Refused):
    """The request does not make sense."""


class BadMedia(Invalid):
    """A file or stream that holds no video that can be read."""


class Denied(Refused):
    """No key was given, or the key may not do this."""


class Unavailable(SightlineError):
    """Something needed is not there now; `retry_after_s` says when trying again may help."""

    retry_after_s: float | None = None


class SourceUnavailable(Unavailable):
    """A camera or a remote file does not answer."""


class CameraRefused(SourceUnavailable):
    """A camera answers, and does not take the user or the password."""


class ModelUnavailable(Unavailable):
    """A model server does not answer, or weights are missing."""


class StoreUnavailable(Unavailable):
    """The memory, the ledger or the media store does not answer."""


class BadReply(SightlineError):
    """A model's reply cannot be used; it is recorded and counted, never taken for an answer."""


class Unparsable(BadReply):
    """A reply that is not of the asked form."""


class Uncited(BadReply):
    """A text whose claims point at nothing in the memory."""
