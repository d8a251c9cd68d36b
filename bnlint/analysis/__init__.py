"""From source text to facts: everything a rule may ask about a module or a project."""
