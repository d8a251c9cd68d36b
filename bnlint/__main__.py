"""``python -m bnlint``."""

from bnlint.cli import main

main()
