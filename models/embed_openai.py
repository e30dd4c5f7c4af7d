"""Any server that speaks OpenAI's embeddings: vLLM, Ollama, llama.cpp, TEI, OpenAI itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import openai

from core.errors import ModelUnavailable
from core.ports import Matrix
from models.openai_server import connect, read_url, said, unavailable

AT_ONCE = 128
"""Texts in one request; servers commonly take a few hundred."""


class OpenAiEmbedder:
    """A text embedder behind an OpenAI-compatible server. Safe to share between threads. The key is never shown.

    The URL is `openai+http(s)://host:port/v1?model=NAME`. The length of a vector is learned from the first reply.
    Raises `ModelUnavailable` where the server does not answer, refuses, or replies with something else than vectors.
    """

    def __init__(self, url: str, key: str = "", *, retries: int = 2) -> None:
        self._server, self._key = read_url(url), key
        self._client = connect(self._server, key, retries)
        self._dim = 0

    def __repr__(self) -> str:
        return f"OpenAiEmbedder({self._server.base_url}, model={self._server.model})"

    @property
    def name(self) -> str:
        """`openai:` and the model's name."""
        return f"openai:{self._server.model}"

    @property
    def dim(self) -> int:
        """Length of a vector; the first time it is asked for, the server is too."""
        if not self._dim:
            self.embed(["length"])
        return self._dim

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def embed(self, items: Sequence[str], /) -> Matrix:
        """One unit row per text, in order."""
        if not items:
            return np.zeros((0, self.dim), np.float32)
        parts = [self._some(items[at : at + AT_ONCE]) for at in range(0, len(items), AT_ONCE)]
        rows = np.concatenate(parts)
        self._dim = rows.shape[1]
        return rows

    def _some(self, items: Sequence[str]) -> Matrix:
        try:
            reply = self._client.embeddings.create(
                model=self._server.model,
                input=[item or " " for item in items],  # some servers refuse an empty text
                encoding_format="float",
            )
            numbers = [one.embedding for one in sorted(reply.data, key=lambda one: one.index)]
            rows = np.asarray(numbers, np.float32)
        except openai.BadRequestError as error:
            raise ModelUnavailable(
                f"the model server at {self._server.base_url} refused to embed: {said(error, self._key)}",
                next_step="check that the model named in SIGHTLINE_EMBEDDER is one for embeddings",
            ) from None
        except openai.OpenAIError as error:
            raise unavailable(
                error, self._server, keys="SIGHTLINE_EMBEDDER_KEY", without="SIGHTLINE_EMBEDDER=words:"
            ) from None
        except (ValueError, TypeError, AttributeError) as error:
            raise self._unusable(f"its reply holds no vectors ({type(error).__name__})") from None
        lengths = np.linalg.norm(rows, axis=1, keepdims=True) if rows.ndim == 2 else np.zeros((1, 1))
        if (
            rows.ndim != 2
            or len(rows) != len(items)
            or not np.isfinite(rows).all()
            or not (lengths > 0).all()
        ):
            raise self._unusable(f"it gave {len(numbers)} usable vectors for {len(items)} texts")
        if self._dim and rows.shape[1] != self._dim:
            raise self._unusable(f"its vectors had {self._dim} numbers and now have {rows.shape[1]}")
        return np.asarray(rows / lengths, np.float32)

    def _unusable(self, why: str) -> ModelUnavailable:
        return ModelUnavailable(
            f"the model server at {self._server.base_url} cannot embed: {why}",
            next_step="check that the model named in SIGHTLINE_EMBEDDER is one for embeddings",
        )
