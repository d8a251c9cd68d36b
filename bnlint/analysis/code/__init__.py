"""A module as plain data, and where the values in it come from and go."""
