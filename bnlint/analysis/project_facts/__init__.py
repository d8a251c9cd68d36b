"""What only all files together tell. `bnlint.analysis.project` puts the questions."""
