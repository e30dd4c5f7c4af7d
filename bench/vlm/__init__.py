"""Vision-language models: how busy they are kept, what is asked of them, and that nothing they say is taken for more than
it is.
"""

from bench.vlm.figures import main

__all__ = ["main"]
