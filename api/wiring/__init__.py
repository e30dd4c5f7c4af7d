"""Builds the house from the settings: the only room that names a concrete back-end.

Each choice is a table keyed by URL scheme; the import stands inside the function, so that an extra that is not
installed costs nothing. A wish that cannot be met is an error, never a silent fall-back.
"""
