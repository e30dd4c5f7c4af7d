"""`python -m api.cli`: the `sightline` command without its entry point."""

from api.cli.main import main

main()
