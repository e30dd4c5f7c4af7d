"""Networks that ship with the package: small ONNX files of the project's own making."""

from __future__ import annotations

from importlib import resources
from typing import Any

from core.errors import ModelUnavailable


def shipped(name: str) -> bytes:
    """The file of that name. Raises `ModelUnavailable` where it is missing."""
    try:
        return (resources.files("models") / "data" / name).read_bytes()
    except FileNotFoundError as error:
        raise ModelUnavailable(
            f"the package's own file {name} is missing", next_step="install sightline again"
        ) from error


def opened(model: bytes, name: str) -> Any:
    """An ONNX Runtime session of one thread. Raises `ModelUnavailable` where the file `name` is no model."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base of their own
        raise ModelUnavailable(
            f"the package's own file {name} cannot be loaded: {error}", next_step="install sightline again"
        ) from error
