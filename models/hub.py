"""Models of the `transformers` library: loaded from a folder or the hub, on a GPU where there is one, named by their weights."""

from __future__ import annotations

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
    model: Any = field(default=None, repr=False)
    processor: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.model, self.processor = _load(self.where, self.task, self.revision)

    @property
    def name(self) -> str:
        """The model's name and the first digits of its commit on the hub or of its weights' hash."""
        folder = Path(self.where)
        version = str(getattr(self.model.config, "_commit_hash", None) or "")
        if folder.is_dir():
            files = sorted(folder.glob("*.safetensors"))
            version = sha256(files[0]) if files else ""
        return f"{folder.name}@{version[:8]}"

    @property
    def device(self) -> Any:
        """Where it runs."""
        return self.model.device

    def __getstate__(self) -> tuple[str, str, str]:
        return self.where, self.task, self.revision

    def __setstate__(self, state: tuple[str, str, str]) -> None:
        self.where, self.task, self.revision = state
        self.__post_init__()


def _load(where: str, task: str, revision: str) -> tuple[Any, Any]:
    try:
        import torch
        import transformers
    except ImportError as error:
        raise ModelUnavailable(
            f"{where} needs the `transformers` library: {error}",
            next_step="pip install 'sightline[local]'",
        ) from error
    pinned = {"revision": revision} if revision else {}
    try:
        auto: Any = transformers.AutoProcessor  # untyped, or unknown where it is missing
        processor = auto.from_pretrained(where, **pinned)
        model = getattr(transformers, task).from_pretrained(where, **pinned)
    except (OSError, ValueError, ImportError) as error:
        raise ModelUnavailable(
            f"the model {where} cannot be loaded: {str(error).splitlines()[0]}",
            next_step="name a repository of the hub, or a folder with the model's files and its processor's",
        ) from error
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval(), processor
