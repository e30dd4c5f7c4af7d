"""Tiny vision-language models of the real architectures with random weights and processors of their own: no download."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}IMAGE{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SIDE = 32
TEXT: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
SIGHT: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": SIDE,
    "patch_size": 8,
}


def _tokenizer(*marks: str, **named: str) -> Any:
    """One token per byte, and the given marks, those with a name as the tokenizer's attributes."""
    import transformers as tf
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    known = ["<|pad|>", "<|im_start|>", "<|im_end|>", *marks, *named.values()]
    tokens = [*known, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    inner = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    tokenizer = tf.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="<|pad|>",
        eos_token="<|im_end|>",
        extra_special_tokens=named,
    )
    tokenizer.add_tokens(list(marks))
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>"]})
    return tokenizer


def llava() -> tuple[Any, Any]:
    import transformers as tf

    tokenizer = _tokenizer(image_token="<image>")
    config = tf.LlavaConfig(
        vision_config=tf.SiglipVisionConfig(**SIGHT, vision_use_head=False),
        text_config=tf.LlamaConfig(vocab_size=len(tokenizer), **TEXT),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=(SIDE // 8) ** 2,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    processor = tf.LlavaProcessor(
        tf.SiglipImageProcessor(size={"height": SIDE, "width": SIDE}),
        tokenizer,
        patch_size=8,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATE.replace("IMAGE", "<image>"),
    )
    return tf.LlavaForConditionalGeneration(config), processor


def smolvlm() -> tuple[Any, Any]:
    import transformers as tf

    tokenizer = _tokenizer(
        image_token="<image>",
        fake_image_token="<fake_token_around_image>",
        global_image_token="<global-img>",
        end_of_utterance_token="<end_of_utterance>",
        video_token="<video>",
    )
    config = tf.SmolVLMConfig(
        vision_config=SIGHT,
        text_config={"model_type": "llama", "vocab_size": len(tokenizer), **TEXT},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
    )
    pictures = tf.SmolVLMImageProcessor(
        size={"longest_edge": SIDE}, max_image_size={"longest_edge": SIDE}, do_image_splitting=False
    )
    processor = tf.SmolVLMProcessor(
        pictures,
        tokenizer,
        tf.SmolVLMVideoProcessor(size={"longest_edge": SIDE}),
        image_seq_len=(SIDE // 8) ** 2 // 4,
        chat_template=TEMPLATE.replace("IMAGE", "<image>"),
    )
    return tf.SmolVLMForConditionalGeneration(config), processor


_QWEN = {"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"}
_QWEN_SIGHT: dict[str, Any] = {
    "depth": 2,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_heads": 2,
    "patch_size": 8,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
    "out_hidden_size": 32,
    "num_position_embeddings": 16,
}


def _qwen_parts() -> tuple[Any, Any, dict[str, int]]:
    """Tokenizer, processor and the numbers of the tokens that stand for pictures."""
    import transformers as tf

    tokenizer = _tokenizer(**_QWEN, vision_start_token="<|vision_start|>", vision_end_token="<|vision_end|>")
    size = {"shortest_edge": 16 * 16, "longest_edge": SIDE * SIDE}
    processor = tf.Qwen3VLProcessor(
        tf.Qwen2VLImageProcessor(patch_size=8, merge_size=2, temporal_patch_size=2, size=size),
        tokenizer,
        tf.Qwen3VLVideoProcessor(patch_size=8, merge_size=2, temporal_patch_size=2, size=size),
        chat_template=TEMPLATE.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>"),
    )
    names = {
        "image_token_id": "<|image_pad|>",
        "video_token_id": "<|video_pad|>",
        "vision_start_token_id": "<|vision_start|>",
        "vision_end_token_id": "<|vision_end|>",
    }
    return tokenizer, processor, {key: tokenizer.convert_tokens_to_ids(name) for key, name in names.items()}


def qwen3_vl() -> tuple[Any, Any]:
    import transformers as tf

    tokenizer, processor, ids = _qwen_parts()
    rope = {
        "rope_type": "default",
        "rope_theta": 10000.0,
        "mrope_section": [4, 2, 2],
        "mrope_interleaved": True,
    }
    config = tf.Qwen3VLConfig(
        vision_config={**_QWEN_SIGHT, "deepstack_visual_indexes": [0]},
        text_config={**TEXT, "vocab_size": len(tokenizer), "head_dim": 16, "rope_parameters": rope},
        **ids,
    )
    return tf.Qwen3VLForConditionalGeneration(config), processor


def qwen3_5() -> tuple[Any, Any]:
    import transformers as tf

    tokenizer, processor, ids = _qwen_parts()
    rope = {
        "rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1], "mrope_interleaved": True,
        "partial_rotary_factor": 0.5,
    }  # fmt: skip
    config = tf.Qwen3_5Config(
        vision_config=_QWEN_SIGHT,
        text_config={
            **TEXT, "vocab_size": len(tokenizer), "head_dim": 16, "rope_parameters": rope,
            "layer_types": ["linear_attention", "full_attention"], "linear_key_head_dim": 16,
            "linear_value_head_dim": 16, "linear_num_key_heads": 2, "linear_num_value_heads": 2,
        },
        **ids,
    )  # fmt: skip
    return tf.Qwen3_5ForConditionalGeneration(config), processor


def minicpm_v() -> tuple[Any, Any]:
    import transformers as tf

    named = {
        f"{what}_token": f"<|{what}|>"
        for what in ("image", "video", "image_start", "image_end", "slice_start", "slice_end", "image_id_start", "image_id_end")
    }  # fmt: skip
    tokenizer = _tokenizer(**named)
    # A picture larger than SIDE² is shown as a whole and in up to four slices, a token for each 4 × 4 patches.
    seen = {"scale_resolution": SIDE, "patch_size": 4, "max_slice_nums": 4}
    config = tf.MiniCPMV4_6Config(
        vision_config={**SIGHT, "patch_size": 4},
        text_config={
            **TEXT, "model_type": "qwen3_5_text", "vocab_size": len(tokenizer), "head_dim": 16,
            "layer_types": ["linear_attention", "full_attention"], "linear_key_head_dim": 16,
            "linear_value_head_dim": 16, "linear_num_key_heads": 2, "linear_num_value_heads": 2,
        },
        insert_layer_id=0,
        image_size=SIDE,
        image_token_id=tokenizer.convert_tokens_to_ids(named["image_token"]),
        video_token_id=tokenizer.convert_tokens_to_ids(named["video_token"]),
    )  # fmt: skip
    processor = tf.MiniCPMV4_6Processor(
        tf.MiniCPMV4_6ImageProcessor(**seen),
        tf.MiniCPMV4_6VideoProcessor(**seen),
        tokenizer,
        chat_template=TEMPLATE.replace("IMAGE", named["image_token"]),
    )
    return tf.MiniCPMV4_6ForConditionalGeneration(config), processor


def parrot(words: str, folder: Path) -> Path:
    """A LLaVA without layers in a folder: after the template's last sign it says these words, whatever it is shown."""
    import torch
    import transformers as tf

    tokenizer = _tokenizer(words, image_token="<image>")
    size, last = len(tokenizer), tokenizer.encode("\n")[0]
    config = tf.LlavaConfig(
        vision_config=tf.SiglipVisionConfig(**SIGHT, vision_use_head=False),
        text_config=tf.LlamaConfig(
            vocab_size=size,
            **{**TEXT, "hidden_size": size + size % 2, "num_hidden_layers": 0, "head_dim": 16},
        ),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=(SIDE // 8) ** 2,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    model = tf.LlavaForConditionalGeneration(config)
    said = tokenizer.convert_tokens_to_ids(words)
    with torch.no_grad():
        torch.nn.init.eye_(model.get_input_embeddings().weight)
        torch.nn.init.zeros_(model.lm_head.weight)
        model.lm_head.weight[said, last] = model.lm_head.weight[tokenizer.eos_token_id, said] = 1.0
    processor = tf.LlavaProcessor(
        tf.SiglipImageProcessor(size={"height": SIDE, "width": SIDE}),
        tokenizer,
        patch_size=8,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATE.replace("IMAGE", "<image>"),
    )
    model.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


BUILDERS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "llava": llava,
    "smolvlm": smolvlm,
    "qwen3_vl": qwen3_vl,
    "qwen3_5": qwen3_5,
    "minicpm_v": minicpm_v,
}


def save(name: str, folder: Path) -> Path:
    """The tiny model of that name with its processor in a folder, as the hub would give it; the same on every call."""
    import torch

    if not folder.exists():
        with torch.random.fork_rng():
            torch.manual_seed(7)
            model, processor = BUILDERS[name]()
            for part, weights in model.named_parameters():
                if weights.ndim > 1 and "norm" not in part:
                    torch.nn.init.kaiming_normal_(weights)
            model.eval().save_pretrained(folder)
            processor.save_pretrained(folder)
    return folder
