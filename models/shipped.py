"""Networks that ship with the package: small ONNX files of the project's own making."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import ModelUnavailable


class OwnNetwork:
    """A network with what its file says of it: its name, its classes, and the least probability of each to be said.

    `file` names it in errors. One thread. Raises `ModelUnavailable` where it is no model.
    """

    def __init__(self, model: bytes, file: str) -> None:
        self._session = _opened(model, file)
        kept: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        self._name = kept["name"]
        self._classes: tuple[str, ...] = tuple(json.loads(kept["classes"]))
        self._least: npt.NDArray[np.float32] = np.array(json.loads(kept["least"]), np.float32)

    @property
    def name(self) -> str:
        """The method and the version of its weights."""
        return self._name

    @property
    def classes(self) -> tuple[str, ...]:
        """What it tells apart."""
        return self._classes


def shipped(name: str) -> bytes:
    """The file of that name. Raises `ModelUnavailable` where it is missing."""
    try:
        return (resources.files("models") / "data" / name).read_bytes()
    except FileNotFoundError as error:
        raise ModelUnavailable(
            f"the package's own file {name} is missing", next_step="install sightline again"
        ) from error


def _opened(model: bytes, name: str) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base of their own
        raise ModelUnavailable(
            f"the package's own file {name} cannot be loaded: {error}", next_step="install sightline again"
        ) from error
