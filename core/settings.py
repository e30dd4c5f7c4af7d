"""Settings, read once from the environment (`SIGHTLINE_*`) or a TOML file, frozen."""

from __future__ import annotations

import difflib
import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from core.errors import Invalid


class Settings(BaseSettings):
    """What can be set. The environment wins over the file `$SIGHTLINE_CONFIG` (default `$SIGHTLINE_HOME/sightline.toml`)."""

    model_config = SettingsConfigDict(env_prefix="SIGHTLINE_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: Path.home() / ".sightline", description="The data folder.")
    models: str = Field(default="", description="Folders with weights, separated by ':'.")
    store: str = Field(
        default="",
        description="sqlite:///path, or neo4j://user:password@host:port[/database][?memory=name]; default: a file in home.",
        repr=False,
    )
    detector: str = Field(
        default="",
        description="none: (only account is kept), motion:, sorted:, onnx:NAME or file, transformers:REPO or folder, open:REPO or folder?find=WORDS; default: what the weights in SIGHTLINE_MODELS allow.",
    )
    queue: str = Field(
        default="inline:",
        description="inline:, or redis://:PASSWORD@host:port/0 for `sightline worker`.",
        repr=False,
    )
    lease_s: float = Field(
        default=60.0,
        ge=2,
        le=3600,
        description="Seconds without a sign of life after which a job is taken from its worker.",
    )
    vlm: str = Field(
        default="describe:", description="describe:, openai+http://host:port/v1?model=…, transformers:…"
    )
    vlm_deep: str = Field(
        default="",
        description="A dearer model of the same forms, for what SIGHTLINE_VLM flagged and what a question needs; default: none.",
    )
    vlm_calls_a_day: int | None = Field(
        default=None, ge=0, description="Calls a day a stream's captions may cost; default: no limit."
    )
    vlm_tokens_a_day: int | None = Field(
        default=None, ge=0, description="Tokens a day a stream's captions may cost; default: no limit."
    )
    examples: int = Field(
        default=3,
        ge=0,
        le=16,
        description="Of the operator's labelled pictures so many, the most alike, are shown to the VLM with each ask.",
    )
    llm: str = Field(
        default="", description="An OpenAI-compatible server for answering; default: none, the grammar."
    )
    embedder: str = Field(
        default="words:",
        description="What turns texts into vectors: words: (no model), openai+http://host:port/v1?model=…, transformers:REPO or folder.",
    )
    embedder_key: str = Field(default="", description="The embedding server's API key.", repr=False)
    media: str = Field(default="", description="A folder or s3://…; default: a folder in home.")
    vlm_key: str = Field(default="", description="The VLM server's API key.", repr=False)
    vlm_deep_key: str = Field(default="", description="The dearer model's API key.", repr=False)
    llm_key: str = Field(default="", description="The LLM server's API key.", repr=False)
    reader: str = Field(
        default="rapidocr:", description="What reads text in pictures: rapidocr: (the extra `ocr`)."
    )
    decoder: str = Field(
        default="pyav:",
        description="What decodes files: pyav:, or decord: (the extra `decord`). Folders of pictures have their own.",
    )
    keyframes: bool = Field(
        default=False, description="Whether only key pictures are looked at: far cheaper, and far coarser."
    )
    chunk_s: float = Field(default=10.0, gt=0.5, le=600, description="Length of a chunk in seconds.")
    overlap_s: float = Field(default=1.0, ge=0, le=60, description="How far a chunk looks back, in seconds.")
    looks_per_s: float = Field(default=8.0, gt=0, le=60, description="Looks a second where things move.")
    idle_looks_per_s: float = Field(
        default=2.0, gt=0, le=60, description="Looks a second where nothing moves."
    )
    look_width: int = Field(
        default=640, ge=64, le=4096, description="Longest picture side handed to the detectors."
    )
    tile_above: int = Field(
        default=2560,
        ge=0,
        le=16384,
        description="Files with a longer side are also looked at in tiles, for what is small in them; 0: none are.",
    )
    decode_memory_mb: int = Field(
        default=2048, ge=256, description="Address space the decoding child may use."
    )
    stall_s: float = Field(
        default=20.0, gt=0, description="Seconds without a frame after which a decoder is killed."
    )
    camera_stall_s: float = Field(
        default=3.5,
        gt=0.2,
        le=60,
        description="Seconds without a picture after which a camera counts as stalled.",
    )
    reconnect_s: float = Field(
        default=1.0,
        gt=0,
        le=600,
        description="Longest pause between two tries to reach a camera; three times that where it refuses the password.",
    )
    record_mb: int = Field(
        default=2048, ge=0, description="Megabytes kept of each camera's recording; 0 records nothing."
    )
    record_hours: float = Field(
        default=24.0, ge=0, description="Hours kept of each camera's recording; 0 keeps any age."
    )
    record_segment_s: float = Field(
        default=6.0, ge=1, le=600, description="Length of a recorded segment in seconds, at least."
    )
    max_upload_mb: int = Field(default=8192, ge=1, description="Largest upload accepted.")
    max_hours: float = Field(default=48.0, gt=0, description="Longest file accepted.")
    keep_days: float = Field(
        default=0.0, ge=0, description="Days after which what was seen is forgotten; 0 keeps it for ever."
    )
    graph_query: bool = Field(
        default=False, description="Whether read-only Cypher may be asked over HTTP (a memory in Neo4j)."
    )
    allow_private_webhooks: bool = Field(
        default=True, description="Whether webhooks may go to addresses of this machine and its network."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the TOML file."""
        return init_settings, env_settings, InitSettingsSource(settings_cls, _of_file())

    @property
    def model_folders(self) -> tuple[Path, ...]:
        """The folders weights are looked for in, in order."""
        return tuple(Path(part) for part in self.models.split(":") if part)

    @property
    def weights_cache(self) -> Path:
        """The folder into which weights are fetched."""
        return self.home / "models"

    @property
    def store_url(self) -> str:
        """The memory's URL."""
        return self.store or f"sqlite:///{self.home / 'memory.db'}"

    @property
    def media_url(self) -> str:
        """The media store's folder or URL."""
        return self.media or str(self.home / "media")


SECRET = frozenset({"vlm_key", "vlm_deep_key", "llm_key", "embedder_key"})
"""Settings whose value is never repeated, not even in an error."""


def _of_file() -> dict[str, Any]:
    """What the TOML file sets. Raises `Invalid` where it is no TOML or names a setting that there is not."""
    home = Path(os.environ.get("SIGHTLINE_HOME", Path.home() / ".sightline"))
    named = os.environ.get("SIGHTLINE_CONFIG", "")
    file = Path(named) if named else home / "sightline.toml"
    if not named and not file.is_file():
        return {}
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(
            f"the settings file {file} cannot be read: {error.strerror}",
            next_step="set SIGHTLINE_CONFIG to a file that is there, or unset it",
        ) from error
    except ValueError as error:
        raise Invalid(
            f"the settings file {file} is no TOML: {error}",
            next_step='write lines like `chunk_s = 10` or `vlm = "describe:"`',
        ) from error
    for name in given:
        if name not in Settings.model_fields:
            near = difflib.get_close_matches(name, Settings.model_fields, n=1)
            raise Invalid(
                f"the settings file {file} sets {name!r}, and there is no such setting",
                next_step=f"did you mean {near[0]!r}?"
                if near
                else f"there are {', '.join(Settings.model_fields)}",
            )
    return given


def read_settings(**given: object) -> Settings:
    """The settings in force; raises `Invalid` with the name of the bad one and how to set it."""
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        field = "_".join(str(part) for part in first["loc"])
        got = "" if field in SECRET else f" (got {first.get('input')!r})"
        raise Invalid(
            f"the setting SIGHTLINE_{field.upper()} is wrong: {first['msg']}{got}",
            next_step=f"set it in the environment, or as {field} in sightline.toml",
        ) from None  # what pydantic says repeats the value
