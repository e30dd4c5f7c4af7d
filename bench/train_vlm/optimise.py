"""How weights are changed: Muon for the hidden matrices, AdamW for the rest, gradients shared between two processes."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.distributed as dist

MOMENTUM = 0.95
TURNS = 4
"""Newton-Schulz iterations; the coefficients are those of Jordan et al., https://kellerjordan.github.io/posts/muon."""
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Muon in float32: torch's own computes in bfloat16, which these processors only imitate, a hundred times slower.

    Updates are as large as AdamW's at the same rate: 0.2·√(longest side) times an orthogonal matrix (Liu et al. 2025).
    """

    def __init__(
        self, parameters: Iterable[torch.nn.Parameter], lr: float, weight_decay: float = 0.01
    ) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """One step. Where several processes do it, each makes its part of the updates for all."""
        taught = [(g, p) for g in self.param_groups for p in g["params"] if p.grad is not None]
        updates = [torch.zeros_like(weights) for _, weights in taught]
        rank, processes = _place()
        for number, (_, weights) in enumerate(taught):
            mean = self.state[weights].setdefault("mean", torch.zeros_like(weights))
            mean.lerp_(weights.grad, 1 - MOMENTUM)
            if number % processes == rank:
                updates[number] = _orthogonal(weights.grad.lerp(mean, MOMENTUM))
        add_up(updates)
        for (group, weights), update in zip(taught, updates, strict=True):
            weights.mul_(1 - group["lr"] * group["weight_decay"])
            weights.add_(update, alpha=-group["lr"] * 0.2 * max(weights.shape) ** 0.5)


def _orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix) / (matrix.norm() + 1e-7)
    for _ in range(TURNS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


class Optimiser:
    """Both of them over one module's weights. Matrices go at the rate of a step, the rest at a quarter of it, and what is in the
    vision tower at the share `tower` of both.
    """

    def __init__(self, module: torch.nn.Module, *, tower: float = 1.0) -> None:
        self._module = module
        self._parts: list[tuple[torch.optim.Optimizer, float]] = []
        for in_tower, share in ((True, tower), (False, 1.0)):
            named = [
                (name, p) for name, p in module.named_parameters() if ("vision_tower" in name) == in_tower
            ]
            hidden = [p for name, p in named if p.ndim == 2 and ".layers." in name]
            others = [p for name, p in named if not (p.ndim == 2 and ".layers." in name)]
            if hidden:
                self._parts.append((Muon(hidden, lr=0.0), share))
            if others:
                adam = torch.optim.AdamW(others, lr=0.0, betas=(0.9, 0.98), weight_decay=0.0)
                self._parts.append((adam, share / 4))

    def step(self, rate: float) -> None:
        """One step by the mean gradients of all processes, which are then cleared."""
        gradients = [p.grad for p in self._module.parameters() if p.grad is not None]
        add_up(gradients)
        for gradient in gradients:
            gradient /= _place()[1]
        torch.nn.utils.clip_grad_norm_(self._module.parameters(), 1.0)
        for part, share in self._parts:
            for group in part.param_groups:
                group["lr"] = rate * share
            part.step()
            part.zero_grad(set_to_none=True)


def _place() -> tuple[int, int]:
    """Which of how many processes this is."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


def add_up(parts: list[torch.Tensor]) -> None:
    """Makes these tensors the sums over all processes."""
    if _place()[1] == 1 or not parts:
        return
    flat = torch.cat([part.reshape(-1) for part in parts])
    dist.all_reduce(flat)
    for part, total in zip(parts, flat.split([part.numel() for part in parts]), strict=True):
        part.copy_(total.view_as(part))
