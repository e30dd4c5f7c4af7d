"""Rendered scenes with exact truth: `from bench.scenes import render`."""

from bench.scenes.render import SceneFiles, render

__all__ = ["SceneFiles", "render"]
