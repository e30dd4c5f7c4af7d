"""A vision-language model of the `transformers` library in this process: loaded, asked in batches, decoded greedily."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Invalid, ModelUnavailable
from core.ports import Ask, Reply
from models.hub import Loaded, missing, version_of
from models.json_reply import cut_off, reply_to, system_of

TASK = "AutoModelForImageTextToText"
PRECISIONS = ("auto", "float32", "bfloat16", "float16", "int8")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalWish:
    """Which model is wanted: a repository of the hub or a folder, its revision, a LoRA adapter's folder or repository,
    how its weights are held (`auto`: bfloat16 where the machine computes with it, float32 elsewhere), and how many
    threads of this machine it may use (0: as many as torch likes).
    """

    where: str
    revision: str = ""
    adapter: str = ""
    precision: str = "auto"
    threads: int = 0

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise Invalid(
                f"precision={self.precision} is not known", next_step=f"it is one of {', '.join(PRECISIONS)}"
            )


class LocalModel:
    """One loaded model with its processor. Not safe to share between threads.

    Raises `ModelUnavailable` where the libraries, the model or the adapter are missing, or the model has no chat form.
    """

    def __init__(self, wish: LocalWish) -> None:
        options = _held(wish.precision)
        if wish.threads:
            _use(wish.threads)
        loaded = Loaded(where=wish.where, task=TASK, revision=wish.revision, options=options)
        self.model, self.processor, self._name = loaded.model, loaded.processor, loaded.name
        if not getattr(self.processor, "chat_template", None):
            raise ModelUnavailable(
                f"the model {wish.where} has no chat template", next_step="choose a model made for chat"
            )
        if wish.adapter:
            self.model = _adapted(self.model, wish.adapter)
            self._name += f"+{Path(wish.adapter).name}@{version_of(wish.adapter)}"
        if wish.precision == "int8" and self.model.device.type == "cpu":
            self.model = _quantized(self.model)
        tokenizer = self.processor.tokenizer
        tokenizer.padding_side = "left"  # so that every reply begins where the batch's longest prompt ends
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token

    @property
    def name(self) -> str:
        """Model and version, and those of the adapter."""
        return self._name

    def ask(self, asks: Sequence[Ask]) -> list[Reply]:
        """One reply per ask, in order. Asks with the same number of pictures go through the model together; where memory
        does not suffice for them, one after the other. A single ask that finds no room is a reply with a problem.
        """
        replies: dict[int, Reply] = {}
        groups: dict[tuple[int, int], list[int]] = {}
        for number, ask in enumerate(asks):
            groups.setdefault((len(pictures_of(ask)), ask.max_tokens), []).append(number)
        for members in groups.values():
            replies |= zip(members, self._together([asks[n] for n in members]), strict=True)
        return [replies[number] for number in range(len(asks))]

    def _together(self, asks: list[Ask]) -> list[Reply]:
        import torch

        try:
            return self._generate(asks)
        except (torch.OutOfMemoryError, MemoryError):
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
        if len(asks) == 1:
            return [Reply(text="", problem=f"{self._name} has no memory left for this ask")]
        return [reply for ask in asks for reply in self._together([ask])]

    def inputs(self, asks: Sequence[Ask]) -> Any:
        """What the model is given for asks with the same number of pictures: tokens, pictures and the rest, by name."""
        marks = [getattr(self.processor, f"{what}_token", None) for what in ("image", "video", "audio")]
        return self.processor.apply_chat_template(
            [chat(ask, [mark for mark in marks if isinstance(mark, str)]) for ask in asks],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            sanitize_control_tokens=True,  # what a person or a picture says opens no turn
            processor_kwargs={"padding": True},
        ).to(self.model.device, self.dtype)

    def _generate(self, asks: list[Ask]) -> list[Reply]:
        import torch

        inputs = self.inputs(asks)
        most = asks[0].max_tokens
        with torch.inference_mode():
            out = self.model.generate(
                **inputs,
                max_new_tokens=most,
                do_sample=False,
                pad_token_id=self.processor.tokenizer.pad_token_id,
            )
        width = inputs["input_ids"].shape[1]
        read = inputs["attention_mask"].sum(1).tolist()
        ends = _ends(self.model.generation_config.eos_token_id, self.processor.tokenizer.eos_token_id)
        return [
            self._reply(ask, row, seen, ends)
            for ask, row, seen in zip(asks, out[:, width:].tolist(), read, strict=True)
        ]

    @property
    def dtype(self) -> Any:
        """What its weights are held in."""
        return next(p.dtype for p in self.model.parameters() if p.dtype.is_floating_point)

    def _reply(self, ask: Ask, row: list[int], seen: int, ends: frozenset[int]) -> Reply:
        said = next((n for n, token in enumerate(row) if token in ends), None)
        tokens = row[: len(row) if said is None else said]
        text = self.processor.tokenizer.decode(tokens, skip_special_tokens=True).strip()
        reply = reply_to(ask, text, tokens_in=int(seen), tokens_out=len(tokens))
        return cut_off(ask, reply) if said is None else reply


def pictures_of(ask: Ask) -> list[Any]:
    """Every picture of an ask in the order in which it is shown: those of the examples and the history first."""
    return [p for turn in (*ask.examples, *ask.history) for p in turn.pictures] + list(ask.pictures)


def chat(ask: Ask, marks: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The ask as the messages that processors take: what never changes first, each turn's pictures before its words.

    `marks` stand for pictures in the model's language. In anybody's words they are taken apart by a space: not every
    processor tells those that a person wrote from those of its template.
    """

    def said(role: str, words: str, pictures: Iterable[Any] = ()) -> dict[str, Any]:
        for mark in marks:
            words = words.replace(mark, f"{mark[:1]} {mark[1:]}")
        return _message(role, words, pictures)

    system = system_of(ask)
    out: list[dict[str, Any]] = [said("system", system)] if system else []
    for turn in (*ask.examples, *ask.history):
        if turn.prompt or turn.pictures:
            out.append(said("user", turn.prompt, turn.pictures))
        if turn.reply:
            out.append(said("assistant", turn.reply))
    return [*out, said("user", ask.prompt, ask.pictures)]


def _message(role: str, words: str, pictures: Iterable[Any]) -> dict[str, Any]:
    from PIL import Image

    shown = [{"type": "image", "image": Image.fromarray(picture)} for picture in pictures]
    return {"role": role, "content": [*shown, {"type": "text", "text": words}]}


def _ends(*tokens: int | list[int] | None) -> frozenset[int]:
    """The tokens that end a reply."""
    each = [[token] if isinstance(token, int) else token or [] for token in tokens]
    return frozenset(token for some in each for token in some)


def _use(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)


def _held(precision: str) -> dict[str, Any]:
    """How `from_pretrained` is to hold the weights."""
    try:
        import torch
    except ImportError as error:
        raise missing("a local model", error) from error
    on_gpu = torch.cuda.is_available()
    if precision == "auto":
        fast = torch.cuda.is_bf16_supported() if on_gpu else torch.ops.mkldnn._is_mkldnn_bf16_supported()
        precision = "bfloat16" if fast else "float32"
    if precision != "int8":
        return {"dtype": getattr(torch, precision)}
    if not on_gpu:
        return {"dtype": torch.float32}  # and its layers are made int8 once they are there
    from importlib.util import find_spec

    import transformers

    if find_spec("bitsandbytes") is None:
        raise ModelUnavailable(
            "int8 on a GPU needs the library bitsandbytes, which is not installed",
            next_step="pip install bitsandbytes, or choose precision=bfloat16",
        )
    config: Any = transformers.BitsAndBytesConfig  # untyped, or unknown where it is missing
    return {"quantization_config": config(load_in_8bit=True)}


def _quantized(model: Any) -> Any:
    """The model with int8 weights in its linear layers, for a CPU."""
    import torch.ao.quantization

    quantize: Any = torch.ao.quantization.quantize_dynamic
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it will move to a library of its own
        return quantize(model, {torch.nn.Linear}, dtype=torch.qint8)


def _adapted(model: Any, adapter: str) -> Any:
    """The model with the adapter's weights added to its own."""
    try:
        from peft import PeftModel
    except ImportError as error:
        raise missing(f"the adapter {adapter}", error) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # what the two libraries have to tell each other
            return PeftModel.from_pretrained(model, adapter).merge_and_unload().eval()
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelUnavailable(
            f"the adapter {adapter} cannot be loaded: {str(error).splitlines()[0]}",
            next_step="name a folder written by `sightline tune` for this model",
        ) from error
