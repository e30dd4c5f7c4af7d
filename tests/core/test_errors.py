from __future__ import annotations

import pickle

import pytest

from core import errors


def test_an_error_says_its_cause_and_the_next_step() -> None:
    error = errors.NotFound("no stream 'dock'", next_step="`sightline streams list` shows them")
    assert str(error) == "no stream 'dock'. `sightline streams list` shows them"


@pytest.mark.parametrize("kind", [c for c in vars(errors).values() if isinstance(c, type)])
def test_errors_cross_from_one_process_to_another_whole(kind: type[errors.SightlineError]) -> None:
    back = pickle.loads(pickle.dumps(kind("cause", next_step="step", stage="decode")))
    assert type(back) is kind
    assert (back.message, back.next_step, back.stage) == ("cause", "step", "decode")


def test_the_tree_in_the_docstring_names_every_error() -> None:
    for name, value in vars(errors).items():
        if isinstance(value, type):
            assert name in (errors.__doc__ or "")
