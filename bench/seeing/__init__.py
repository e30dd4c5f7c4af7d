"""How well and how fast Sightline sees: the figures of the issue, each in a module of its own."""
