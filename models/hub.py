"""Models of the `transformers` library: loaded from a folder or the hub, on a GPU where there is one, named by their weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import ModelUnavailable
from models.weights import sha256


@dataclass(slots=True, kw_only=True)
class Loaded:
    """A model with its processor, ready to be asked; pickled as the place it came from, and loaded anew."""

    where: str
    task: str
    revision: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What else `from_pretrained` is told of the model: how its weights are held."""
    model: Any = field(default=None, repr=False)
    processor: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.model, self.processor = _load(self.where, self.task, self.revision, self.options)

    @property
    def name(self) -> str:
        """The model's name and the first digits of its commit on the hub or of its weights' hash."""
        version = str(getattr(self.model.config, "_commit_hash", None) or "")
        return f"{Path(self.where).name}@{version_of(self.where, version)}"

    @property
    def device(self) -> Any:
        """Where it runs."""
        return self.model.device

    def __getstate__(self) -> tuple[str, str, str, Mapping[str, Any]]:
        return self.where, self.task, self.revision, self.options

    def __setstate__(self, state: tuple[str, str, str, Mapping[str, Any]]) -> None:
        self.where, self.task, self.revision, self.options = state
        self.__post_init__()


def version_of(where: str, commit: str = "") -> str:
    """The first digits of the hash of a folder's weights, or of the commit of what is no folder."""
    if not Path(where).is_dir():
        return commit[:8]
    files = sorted(Path(where).glob("*.safetensors"))
    return sha256(files[0])[:8] if files else ""


def missing(what: str, error: ImportError) -> ModelUnavailable:
    """That the libraries for local models are not installed."""
    return ModelUnavailable(
        f"{what} needs the `transformers` library: {error}", next_step="pip install 'sightline[local]'"
    )


def _load(where: str, task: str, revision: str, options: Mapping[str, Any]) -> tuple[Any, Any]:
    try:
        import torch
        import transformers
    except ImportError as error:
        raise missing(where, error) from error
    pinned = {"revision": revision} if revision else {}
    try:
        auto: Any = transformers.AutoProcessor  # untyped, or unknown where it is missing
        processor = auto.from_pretrained(where, **pinned)
        model = getattr(transformers, task).from_pretrained(where, **pinned, **options)
    except (OSError, ValueError, ImportError) as error:
        raise ModelUnavailable(
            f"the model {where} cannot be loaded: {str(error).splitlines()[0]}",
            next_step="name a repository of the hub, or a folder with the model's files and its processor's",
        ) from error
    if "quantization_config" not in options:  # which has put it in its place already
        model = model.to("cuda" if torch.cuda.is_available() else "cpu")
    return model.eval(), processor
