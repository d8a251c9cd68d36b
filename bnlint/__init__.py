"""Do the batch-norm statistics that inference will use really get updated?"""

__version__ = "0.1.0"
