"""Text embedders on this machine: sentence-transformers, and the text towers of SigLIP, SigLIP 2 and CLIP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelUnavailable
from core.ports import Matrix
from models.hub import Loaded
from models.weights import sha256

TOWERS = ("siglip", "siglip2", "clip")
"""Model types whose texts lie in one space with pictures."""
AT_ONCE = 64


def local_embedder(where: str) -> LocalEmbedder | TowerEmbedder:
    """The embedder for a repository of the hub or a folder. Needs the extra `local`.

    Raises `ModelUnavailable` where the libraries or the model are missing.
    """
    try:
        from transformers import AutoConfig
    except ImportError as error:
        raise _missing(where, error) from error
    try:
        kind = AutoConfig.from_pretrained(where).model_type
    except (OSError, ValueError) as error:
        raise _unloaded(where, error) from error
    return TowerEmbedder(where) if kind in TOWERS else LocalEmbedder(where)


def _missing(where: str, error: ImportError) -> ModelUnavailable:
    return ModelUnavailable(
        f"{where} needs the `sentence-transformers` library: {error}",
        next_step="pip install 'sightline[local]', or set SIGHTLINE_EMBEDDER=words:",
    )


def _unloaded(where: str, error: Exception) -> ModelUnavailable:
    return ModelUnavailable(
        f"the embedder {where} cannot be loaded: {str(error).splitlines()[0]}",
        next_step="name a repository of the hub, or a folder with the model's files; or set SIGHTLINE_EMBEDDER=words:",
    )


class LocalEmbedder:
    """A model of the sentence-transformers library, or any encoder it can read (mean pooling)."""

    def __init__(self, where: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise _missing(where, error) from error
        try:
            self._model: Any = SentenceTransformer(where)
        except (OSError, ValueError) as error:
            raise _unloaded(where, error) from error
        self._name = f"{Path(where).name}@{_version(where)}"

    @property
    def name(self) -> str:
        """The model's name and, of a folder, the first digits of its weights' hash."""
        return self._name

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._model.get_embedding_dimension())

    def embed(self, items: Sequence[str], /) -> Matrix:
        """One unit row per text."""
        if not items:
            return np.zeros((0, self.dim), np.float32)
        rows = [  # one by one: padding to the longest neighbour would change the last digits of a row
            self._model.encode([item], normalize_embeddings=True, show_progress_bar=False)[0]
            for item in items
        ]
        return np.asarray(rows, np.float32)


def _version(where: str) -> str:
    folder = Path(where)
    files = sorted(folder.rglob("*.safetensors")) if folder.is_dir() else []
    return sha256(files[0])[:8] if files else ""


class TowerEmbedder:
    """The text tower of a model whose texts and pictures share one space."""

    def __init__(self, where: str) -> None:
        self._loaded = Loaded(where=where, task="AutoModel")

    @property
    def name(self) -> str:
        """The model's name and version."""
        return self._loaded.name

    @property
    def dim(self) -> int:
        """Length of a vector."""
        config = self._loaded.model.config
        own = getattr(config, "projection_dim", None)
        return int(own or config.text_config.projection_size)

    def embed(self, items: Sequence[str], /) -> Matrix:
        """One unit row per text."""
        import torch

        longest = int(self._loaded.model.config.text_config.max_position_embeddings)
        rows = []
        for at in range(0, len(items), AT_ONCE):
            inputs = self._loaded.processor.tokenizer(
                list(items[at : at + AT_ONCE]),
                return_tensors="pt",
                padding="max_length",  # as SigLIP was taught: shorter padding gives other vectors
                max_length=longest,
                truncation=True,
            ).to(self._loaded.device)
            with torch.inference_mode():
                found = self._loaded.model.get_text_features(**inputs)
            features = getattr(found, "pooler_output", found)
            rows.append(torch.nn.functional.normalize(features, dim=-1).cpu().numpy())
        return np.concatenate(rows) if rows else np.zeros((0, self.dim), np.float32)
