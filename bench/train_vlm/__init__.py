"""`python -m bench train_vlm`: trains the tiny vision-language model, scores it, and teaches it a new domain.

Needs what `make setup-local` installs, two cores and twenty minutes. `--score FOLDER` scores a model that is there,
`--adapt FOLDER` teaches it the night by LoRA, as `sightline tune` does, and scores that.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import asdict
from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"


def main(arguments: list[str]) -> int:
    """Does what is asked and prints the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench train_vlm", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("tiny-vlm"))
    parser.add_argument("--score", type=Path, metavar="FOLDER")
    parser.add_argument("--adapt", type=Path, metavar="FOLDER")
    asked = parser.parse_args(arguments)
    if asked.score:
        _show(scored(asked.score))
    elif asked.adapt:
        _show(adapted(asked.adapt, asked.out))
    else:
        from bench.train_vlm.train import RECIPE, train

        began = time.monotonic()
        train(asked.out, RECIPE)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures = {
            "recipe": asdict(RECIPE),
            "wall_s": round(time.monotonic() - began),
            "processor_s": round(used.ru_utime + used.ru_stime),
        }
        _show({**figures, **scored(asked.out), **adapted(asked.out, asked.out / "night")})
    return 0


def scored(folder: Path) -> dict[str, object]:
    """The model's share of unseen scenes that it names wholly, and the same with other scenes' pictures."""
    from bench.train_vlm.score import score
    from models.vlm_local_model import LocalModel, LocalWish

    model = LocalModel(LocalWish(where=str(folder)))
    return {"model": model.name, "score": asdict(score(model))}


def adapted(folder: Path, target: Path) -> dict[str, object]:
    """What LoRA makes of it at night, where there are trees: on held-out scenes of the night and of the day."""
    from bench.train_vlm.adapt import adapt

    began, used = time.monotonic(), time.process_time()
    found = asdict(adapt(folder, target))
    return {
        "adapted": found,
        "adapt_wall_s": round(time.monotonic() - began),
        "adapt_processor_s": round(time.process_time() - used),
    }


def _show(figures: dict[str, object]) -> None:
    print(json.dumps(figures, indent=1))
