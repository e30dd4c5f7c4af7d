"""Where heads are taught to look: at the things of the own group, at those of the other, at the group that is told of.

Attention that finds a group is what counting, comparing and telling begin with, and a caption says too little to find it by.
What is taught is the divergence of a head's attention from where the renderer knows that there is something to be seen.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as functional
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from bench.train_vlm.lessons import NOTHING, PATCHES, Sights, Talk
from bench.train_vlm.model import HEAD

FIRST, LAST = 2, 3 + PATCHES
"""Where the tokens of the first and of the last picture begin."""

NONE = 4.0
"""How many things' worth of attention goes to where nothing is: then n ÷ (n + NONE) tells 4 from 5 best."""


def towards(places: torch.Tensor, shares: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Where to look for the group of each place in `wanted`, `(rows, queries)`: at the patches of that place by their shares;
    `(rows, queries, patches)`, which add up to the number of its things.
    """
    return ((wanted[:, :, None] == places[:, None, :]) & (wanted[:, :, None] != NOTHING)) * shares[:, None, :]


def grouping(tower: Any, layer: int, seen: torch.Tensor, sights: Sights) -> torch.Tensor:
    """How far the first three heads of an encoder's layer are from looking at the own group, at the own group and as much as at
    NONE things where nothing is (so that the attention says how many there are), and at the other group. `seen` is what
    enters the layer.
    """
    module = tower.encoder.layers[layer]
    inside = module.layer_norm1(seen)
    query, key = (
        functional.linear(inside, part.weight[: 3 * HEAD], part.bias[: 3 * HEAD]).unflatten(-1, (3, HEAD))
        for part in (module.self_attn.q_proj, module.self_attn.k_proj)
    )
    looks = torch.einsum("nqhd,nkhd->hnqk", query, key) / HEAD**0.5
    places, shares = sights.labels["places"], sights.shares
    own = towards(places, shares, places)
    other = towards(places, shares, torch.where(places == NOTHING, NOTHING, 1 - places))
    empty = (shares == 0).float()
    more = own + (NONE * empty / empty.sum(1, keepdim=True))[:, None, :]
    return torch.stack(
        [_astray(look, at, shares) for look, at in zip(looks, (own, more, other), strict=True)]
    ).sum()


def reading(
    decoder: Any, layer: int, hidden: torch.Tensor, wanted: torch.Tensor, weight: torch.Tensor
) -> torch.Tensor:
    """How far the first head of a decoder's layer is from looking where it should, `(rows, tokens, tokens)`. `hidden` is what
    enters the layer.
    """
    module = decoder.layers[layer]
    inside = module.input_layernorm(hidden)
    query, key = (
        functional.linear(inside, part.weight[:HEAD])[:, None]
        for part in (module.self_attn.q_proj, module.self_attn.k_proj)
    )
    length = hidden.shape[1]
    turned = apply_rotary_pos_emb(query, key, *decoder.rotary_emb(inside, torch.arange(length)[None]))
    looks = (turned[0] @ turned[1].transpose(2, 3))[:, 0] / HEAD**0.5
    later = torch.ones(length, length, dtype=torch.bool).triu(1)
    return _astray(looks.masked_fill(later, -1e4), wanted, weight)


def back(sights: Sights, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Where the last picture's patches should look in the first, for `reading`, and how much each counts."""
    places, shares = (each.unflatten(0, (-1, 2)) for each in (sights.labels["places"], sights.shares))
    wanted = torch.zeros(len(places), length, length)
    weight = torch.zeros(len(places), length)
    found = towards(places[:, 0], shares[:, 0], places[:, 1])
    wanted[:, LAST : LAST + PATCHES, FIRST : FIRST + PATCHES] = found
    weight[:, LAST : LAST + PATCHES] = shares[:, 1]
    return wanted, weight


def told_of(lesson: Talk, sights: Sights) -> tuple[torch.Tensor, torch.Tensor]:
    """Where the words of an answer should look in the last picture, for `reading`, and how much each counts."""
    places, shares = (each.unflatten(0, (-1, 2))[:, 1] for each in (sights.labels["places"], sights.shares))
    count, length = lesson.about.shape
    wanted = torch.zeros(count, length, length)
    wanted[:, :, LAST : LAST + PATCHES] = towards(places, shares, lesson.about)
    return wanted, (lesson.about != NOTHING).float()


def _astray(looks: torch.Tensor, wanted: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The mean divergence of looks (before their softmax) from what is wanted (any sum) over queries of so much weight."""
    total = wanted.sum(-1, keepdim=True)
    weight = weight * (total[..., 0] > 0.01)
    share = wanted / total.clamp(min=1e-3)
    far = torch.special.xlogy(share, share) - share * looks.log_softmax(-1)
    return (far.sum(-1) * weight).sum() / weight.sum().clamp(min=1)
