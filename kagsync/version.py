"""The version of this kagsync."""

__version__ = "0.1.0"
