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
        """One step."""
        for group in self.param_groups:
            for weights in group["params"]:
                if weights.grad is None:
                    continue
                state = self.state[weights]
                mean = state.setdefault("mean", torch.zeros_like(weights))
                mean.lerp_(weights.grad, 1 - MOMENTUM)
                update = _orthogonal(weights.grad.lerp(mean, MOMENTUM))
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
    """Both of them over one module's weights, with one schedule: warm-up, a plateau, and down to nothing. The vision tower
    goes at the share `tower` of the rates.
    """

    def __init__(
        self, module: torch.nn.Module, *, matrices: float, rest: float, steps: int, tower: float = 1.0
    ) -> None:
        self._module, self._steps, self._now = module, steps, 0
        self._parts: list[tuple[torch.optim.Optimizer, float]] = []
        for in_tower, share in ((True, tower), (False, 1.0)):
            named = [
                (name, p) for name, p in module.named_parameters() if ("vision_tower" in name) == in_tower
            ]
            hidden = [p for name, p in named if p.ndim == 2 and ".layers." in name]
            others = [p for name, p in named if not (p.ndim == 2 and ".layers." in name)]
            if hidden:
                self._parts.append((Muon(hidden, lr=matrices), matrices * share))
            if others:
                adam = torch.optim.AdamW(others, lr=rest, betas=(0.9, 0.98), weight_decay=0.0)
                self._parts.append((adam, rest * share))

    def step(self) -> None:
        """One step by the gradients of all processes, which are then cleared."""
        share([p.grad for p in self._module.parameters() if p.grad is not None])
        torch.nn.utils.clip_grad_norm_(self._module.parameters(), 1.0)
        for part, rate in self._parts:
            for group in part.param_groups:
                group["lr"] = rate * schedule(self._now, self._steps)
            part.step()
            part.zero_grad(set_to_none=True)
        self._now += 1


def schedule(step: int, steps: int) -> float:
    """The share of the full rate: 30 steps up, and the last two fifths straight down."""
    return min(1.0, (step + 1) / 30, (steps - step) / (0.4 * steps))


def share(gradients: list[torch.Tensor]) -> None:
    """Makes the gradients the mean over all processes."""
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    at = 0
    for gradient in gradients:
        gradient.copy_(flat[at : at + gradient.numel()].view_as(gradient))
        at += gradient.numel()
