"""What can be known of one file. `bnlint.analysis.facts` puts the questions."""
