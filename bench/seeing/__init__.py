"""How well and how fast Sightline sees: questions about real clips, tracks and events against truth, speed."""
