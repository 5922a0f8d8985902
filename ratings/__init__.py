"""A rating engine for OpenStack: usage in, priced records and sales orders out."""

__version__ = "0.1.0"
