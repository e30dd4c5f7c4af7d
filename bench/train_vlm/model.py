"""The tiny vision-language model: LLaVA's architecture with a SigLIP encoder and a Llama decoder, from configurations."""

from __future__ import annotations

import math
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import (
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    SiglipImageProcessor,
    SiglipVisionConfig,
)

from bench.train_vlm.scenes import SIDE
from bench.train_vlm.words import vocabulary

PATCH = 12
WIDTH = 160
HEADS = 5
HEAD = WIDTH // HEADS
ACROSS = SIDE // PATCH
BESIDE = ((1, 0), (-1, 0), (0, 1), (0, -1))
ACROSS_FROM = ((1, 1), (-1, 1), (1, -1), (-1, -1))
SHARPNESS = 3.5
"""How strongly the first heads look at their patch: enough that it has most of their attention."""
TEMPLATE = (
    "<s>{% for message in messages %}{{ message['role'] }} "
    "{% if message['content'] is string %}{{ message['content'] }} {% else %}"
    "{% for part in message['content'] if part['type'] == 'image' %}<image> , {% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }} {% endfor %}{% endif %}"
    "{% if message['role'] == 'assistant' %}</s>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}assistant {% endif %}"
)


def build_model(layers: tuple[int, int] = (5, 3)) -> Any:
    """A fresh model, of so many layers in the encoder and in the decoder; its random weights come from torch's seed. The first
    two layers of the encoder begin by looking at the patches beside and across from each.
    """
    words = vocabulary()
    vision = SiglipVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=WIDTH * 3,
        num_hidden_layers=layers[0],
        num_attention_heads=HEADS,
        image_size=SIDE,
        patch_size=PATCH,
        vision_use_head=False,
    )
    text = LlamaConfig(
        vocab_size=len(words),
        hidden_size=WIDTH,
        intermediate_size=WIDTH * 2 + 64,
        num_hidden_layers=layers[1],
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        max_position_embeddings=1024,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        tie_word_embeddings=True,
    )
    model = LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=vision,
            text_config=text,
            image_token_index=words.index("<image>"),
            image_seq_length=ACROSS**2,
            vision_feature_layer=-1,
            vision_feature_select_strategy="full",
            tie_word_embeddings=True,
        )
    )
    _look_around(model.model.vision_tower)
    return model


def _look_around(tower: Any) -> None:
    """Gives the encoder positions as waves and as numbers in channels of their own, and heads that look one patch to a side by
    them, as a convolution does (cf. Zheng et al. 2024, structured initialization for vision transformers). In crowds, after the
    same 86 seconds, it miscounts half as much with them.
    """
    waves = torch.arange(1, HEAD // 4 + 1) * math.pi / (ACROSS + 1)
    row, column = (
        each.reshape(-1, 1).float()
        for each in torch.meshgrid(torch.arange(ACROSS), torch.arange(ACROSS), indexing="ij")
    )
    turns = [wave(at * waves) for at in (column, row) for wave in (torch.sin, torch.cos)]
    places = torch.cat([*turns, column / (ACROSS - 1) * 2 - 1, row / (ACROSS - 1) * 2 - 1], 1)
    with torch.no_grad():
        positions, patches = tower.embeddings.position_embedding, tower.embeddings.patch_embedding
        positions.weight.mul_(0.1)
        positions.weight[:, : HEAD + 2] = places
        patches.weight[: HEAD + 2] = 0
        patches.bias[: HEAD + 2] = 0
        for layer, sides in enumerate((BESIDE, ACROSS_FROM)):
            attention = tower.encoder.layers[layer].self_attn
            for number, side in enumerate(sides):
                part = slice(number * HEAD, (number + 1) * HEAD)
                attention.q_proj.weight[part] = 0
                attention.k_proj.weight[part] = 0
                attention.q_proj.weight[part, :HEAD] = SHARPNESS * _turned(waves, side)
                attention.k_proj.weight[part, :HEAD] = SHARPNESS * torch.eye(HEAD)


def _turned(waves: torch.Tensor, side: tuple[int, int]) -> torch.Tensor:
    """The matrix that makes of the waves of one place those of the place so many patches right and down."""
    blocks = []
    for step in side:
        cos, sin = torch.diag((step * waves).cos()), torch.diag((step * waves).sin())
        blocks.append(torch.cat([torch.cat([cos, sin], 1), torch.cat([-sin, cos], 1)]))
    return torch.block_diag(*blocks)


def build_processor() -> Any:
    """What turns messages and pictures into the model's inputs."""
    words = {word: number for number, word in enumerate(vocabulary())}
    inner = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    inner.normalizer = normalizers.Sequence(
        [normalizers.Replace(mark, f" {mark} ".replace("?", " ")) for mark in ",.?"]
    )
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        extra_special_tokens={"image_token": "<image>"}, padding_side="left",
    )  # fmt: skip
    pictures = SiglipImageProcessor(
        size={"height": SIDE, "width": SIDE}, image_mean=[0.5] * 3, image_std=[0.25] * 3
    )
    return LlavaProcessor(
        image_processor=pictures,
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATE,
    )


def pixels(pictures: Any) -> torch.Tensor:
    """Pictures `(n, SIDE, SIDE, 3)` as the image processor hands them over, without its cost."""
    return (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.25
