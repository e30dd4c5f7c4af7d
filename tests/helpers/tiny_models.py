"""Tiny models of the real architectures with random weights, built from configurations: no hub, no download."""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMES = {0: "person", 1: "car", 2: "ball"}
SIDE = 64


def _labels() -> dict[str, Any]:
    return {"id2label": NAMES, "label2id": {name: number for number, name in NAMES.items()}}


_SMALL_DETR: dict[str, Any] = {
    "encoder_hidden_dim": 32,
    "encoder_ffn_dim": 32,
    "encoder_attention_heads": 2,
    "d_model": 32,
    "num_queries": 20,
    "decoder_in_channels": [32, 32, 32],
    "decoder_ffn_dim": 32,
    "decoder_layers": 2,
    "decoder_attention_heads": 2,
    "hidden_expansion": 0.5,
    "num_denoising": 0,
}


def dfine() -> tuple[Any, Any]:
    import transformers as tf

    backbone = tf.HGNetV2Config(
        stem_channels=[3, 16, 16],
        stage_in_channels=[16, 32, 64, 128],
        stage_mid_channels=[16, 32, 64, 128],
        stage_out_channels=[32, 64, 128, 256],
        stage_num_blocks=[1, 1, 1, 1],
        stage_numb_of_layers=[1, 1, 1, 1],
        depths=[1, 1, 1, 1],
        hidden_sizes=[32, 64, 128, 256],
        out_features=["stage2", "stage3", "stage4"],
    )
    config = tf.DFineConfig(
        backbone_config=backbone, encoder_in_channels=[64, 128, 256], **_SMALL_DETR, **_labels()
    )
    return tf.DFineForObjectDetection(config), tf.RTDetrImageProcessor(size={"height": SIDE, "width": SIDE})


def rtdetr() -> tuple[Any, Any]:
    import transformers as tf

    backbone = tf.RTDetrResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 16, 16, 32],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    config = tf.RTDetrV2Config(
        backbone_config=backbone, encoder_in_channels=[16, 16, 32], **_SMALL_DETR, **_labels()
    )
    return tf.RTDetrV2ForObjectDetection(config), tf.RTDetrImageProcessor(
        size={"height": SIDE, "width": SIDE}
    )


def rfdetr() -> tuple[Any, Any]:
    import transformers as tf

    backbone = tf.RfDetrDinov2Config(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=SIDE,
        patch_size=8,
        num_windows=2,
        out_features=["stage1", "stage2"],
        mlp_ratio=2,
    )
    config = tf.RfDetrConfig(
        backbone_config=backbone,
        d_model=32,
        decoder_ffn_dim=32,
        decoder_layers=2,
        decoder_self_attention_heads=2,
        decoder_cross_attention_heads=2,
        num_queries=20,
        group_detr=2,
        intermediate_size=32,
        **_labels(),
    )
    return tf.RfDetrForObjectDetection(config), tf.RfDetrImageProcessor(size={"height": SIDE, "width": SIDE})


def owlv2() -> tuple[Any, Any]:
    import transformers as tf

    marks = ["!", "<|startoftext|>", "<|endoftext|>"]
    letters = [letter + end for letter in string.ascii_lowercase for end in ("", "</w>")]
    vocab = {token: number for number, token in enumerate(marks + letters)}
    tokenizer = tf.CLIPTokenizer(vocab=vocab, merges=[], model_max_length=16, pad_token="!")
    config = tf.Owlv2Config(
        text_config={
            "vocab_size": len(vocab),
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "max_position_embeddings": 16,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "pad_token_id": 0,
        },
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": SIDE,
            "patch_size": 16,
        },
        projection_dim=32,
    )
    pictures = tf.Owlv2ImageProcessor(size={"height": SIDE, "width": SIDE})
    return tf.Owlv2ForObjectDetection(config), tf.Owlv2Processor(pictures, tokenizer)


def grounding_dino() -> tuple[Any, Any]:
    import transformers as tf

    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        ".",
        "a",
        "red",
        "forklift",
        "pallet",
        "jack",
        "person",
    ]
    tokenizer = tf.BertTokenizer(vocab={word: number for number, word in enumerate(words)})
    backbone = tf.SwinConfig(
        image_size=SIDE,
        patch_size=4,
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
        window_size=4,
        out_features=["stage2", "stage3", "stage4"],
    )
    text = tf.BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    config = tf.GroundingDinoConfig(
        backbone_config=backbone,
        text_config=text,
        num_queries=10,
        encoder_layers=1,
        encoder_ffn_dim=32,
        encoder_attention_heads=2,
        decoder_layers=2,
        decoder_ffn_dim=32,
        decoder_attention_heads=2,
        d_model=32,
        max_text_len=16,
        disable_custom_kernels=True,
    )
    pictures = tf.GroundingDinoImageProcessor(size={"shortest_edge": SIDE, "longest_edge": 96})
    return tf.GroundingDinoForObjectDetection(config), tf.GroundingDinoProcessor(pictures, tokenizer)


def siglip2() -> tuple[Any, Any]:
    import transformers as tf

    letters = [*string.ascii_lowercase, *string.digits, " "]
    merges = {"<pad>": 0, "<eos>": 1, "<bos>": 2, "<unk>": 3, **{c: 4 + n for n, c in enumerate(letters)}}
    tokenizer = tf.GemmaTokenizer(vocab=merges, merges=[])
    text = {
        "vocab_size": len(merges), "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1,
        "num_attention_heads": 2, "max_position_embeddings": 16, "projection_size": 24,
    }  # fmt: skip
    vision = {
        "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
        "patch_size": 16, "num_patches": 16,
    }  # fmt: skip
    tokenizer.model_max_length = 16
    pictures = tf.Siglip2ImageProcessor(patch_size=16, max_num_patches=16)
    config = tf.Siglip2Config(text_config=text, vision_config=vision)
    return tf.Siglip2Model(config), tf.Siglip2Processor(pictures, tokenizer)


def bert() -> tuple[Any, Any]:
    import transformers as tf

    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "a",
        "red",
        "car",
        "two",
        "people",
        "enters",
        "the",
        "left",
    ]
    tokenizer = tf.BertTokenizer(vocab={word: number for number, word in enumerate(words)})
    config = tf.BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64,
    )  # fmt: skip
    return tf.BertModel(config), tokenizer


BUILDERS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "dfine": dfine,
    "rtdetr": rtdetr,
    "rfdetr": rfdetr,
    "owlv2": owlv2,
    "grounding_dino": grounding_dino,
    "siglip2": siglip2,
    "bert": bert,
}


def save(name: str, folder: Path) -> Path:
    """The tiny model of that name with its processor in a folder, as the hub would give it; the same on every call."""
    import torch

    if not folder.exists():
        with torch.random.fork_rng():
            torch.manual_seed(7)
            model, processor = BUILDERS[name]()
            # as they are initialised for training, tiny models see every picture alike and nothing in any
            for part, weights in model.named_parameters():
                if weights.ndim > 1:
                    torch.nn.init.kaiming_normal_(weights)
                    weights.data *= 1000 if "encoder_input_proj" in part else 0.3 if "bbox" in part else 1
                elif "class" in part or "score_head" in part:
                    torch.nn.init.zeros_(weights)
            model.eval().save_pretrained(folder)
            processor.save_pretrained(folder)
    return folder


def export(folder: Path, name: str) -> Path:
    """The same model as an ONNX file named as the hub's exports are, one picture or several at a time."""
    import warnings

    import torch
    import transformers as tf

    model = tf.AutoModelForObjectDetection.from_pretrained(folder).eval()

    class Plain(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pixel_values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            out = self.model(pixel_values=pixel_values)
            return out.logits, out.pred_boxes

    file = folder / f"{name}.onnx"
    names = ("pixel_values", "logits", "pred_boxes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of every shape that it takes for fixed
        torch.onnx.export(
            Plain(),
            (torch.rand(2, 3, SIDE, SIDE),),
            str(file),
            input_names=["pixel_values"],
            output_names=["logits", "pred_boxes"],
            dynamic_axes={each: {0: "batch"} for each in names},
            dynamo=False,
            opset_version=17,
        )
    return file


def config_of(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "config.json").read_text())
    return read
