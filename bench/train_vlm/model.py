"""The tiny vision-language model: LLaVA's architecture with a SigLIP encoder and a Llama decoder, from configurations."""

from __future__ import annotations

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
TEMPLATE = (
    "<s>{% for message in messages %}{{ message['role'] }} "
    "{% if message['content'] is string %}{{ message['content'] }} {% else %}"
    "{% for part in message['content'] if part['type'] == 'image' %}<image> , {% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }} {% endfor %}{% endif %}"
    "{% if message['role'] == 'assistant' %}</s>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}assistant {% endif %}"
)


def build_model(layers: tuple[int, int] = (4, 3)) -> Any:
    """A fresh model; its random weights come from torch's seed."""
    words = vocabulary()
    vision = SiglipVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=WIDTH * 3,
        num_hidden_layers=layers[0],
        num_attention_heads=5,
        image_size=SIDE,
        patch_size=PATCH,
        vision_use_head=False,
    )
    text = LlamaConfig(
        vocab_size=len(words),
        hidden_size=WIDTH,
        intermediate_size=WIDTH * 2 + 64,
        num_hidden_layers=layers[1],
        num_attention_heads=5,
        num_key_value_heads=5,
        max_position_embeddings=1024,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        tie_word_embeddings=True,
    )
    return LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=vision,
            text_config=text,
            image_token_index=words.index("<image>"),
            image_seq_length=(SIDE // PATCH) ** 2,
            vision_feature_layer=-1,
            vision_feature_select_strategy="full",
            tie_word_embeddings=True,
        )
    )


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
