"""What speaks and what turns words into vectors: vision-language models, the language model that helps with answers, embedders."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from api.wiring.choose import choose
from api.wish import VLM_OPTIONS, Wish
from core.ports import Embedder, Vlm
from core.settings import Settings


def vlm(name: str, url: str, key: str) -> Vlm:
    """The vision-language model at the URL of the setting of that name."""

    def describer() -> Vlm:
        from models.describe import Describer

        return Describer()

    def server() -> Vlm:
        from models.vlm_openai import OpenAiVlm

        return OpenAiVlm(url, key=key)

    def local() -> Vlm:
        from models.vlm_local import LocalVlm
        from models.vlm_local_model import LocalWish

        wish = Wish.of(url, name=name, known_options=VLM_OPTIONS)
        what = {key: wish.options[key] for key in ("revision", "adapter", "precision") if key in wish.options}
        threads, batch = (int(wish.options.get(key, usual)) for key, usual in (("threads", 0), ("batch", 4)))
        timeout_s = float(wish.options.get("timeout_s", 300))
        return LocalVlm(
            LocalWish(where=wish.where, threads=threads, **what), batch=batch, timeout_s=timeout_s
        )

    servers = dict.fromkeys(("openai+http", "openai+https"), server)
    return choose(name, url, {"describe": describer, "transformers": local, **servers})


def language_model(settings: Settings) -> Vlm | None:
    """The server that helps with answering, if one is set."""
    if not settings.llm:
        return None

    def server() -> Vlm:
        from models.vlm_openai import OpenAiVlm

        return OpenAiVlm(settings.llm, key=settings.llm_key)

    return choose("SIGHTLINE_LLM", settings.llm, {"openai+http": server, "openai+https": server})


def embedder(settings: Settings, setting: str) -> Callable[[], Embedder]:
    """What turns texts into vectors, made when it is first wanted: a model takes seconds to load."""

    def words() -> Embedder:
        from models.embed_words import WordEmbedder

        return WordEmbedder()

    def server() -> Embedder:
        from models.embed_openai import OpenAiEmbedder

        return OpenAiEmbedder(setting, key=settings.embedder_key)

    def local() -> Embedder:
        from models.embed_local import local_embedder

        return local_embedder(setting.removeprefix("transformers:"))

    return cache(
        choose(
            "SIGHTLINE_EMBEDDER",
            setting,
            {
                "words": lambda: words,
                "openai+http": lambda: server,
                "openai+https": lambda: server,
                "transformers": lambda: local,
            },
        )
    )
