"""The version of this kagsync: the next release's with `.dev0`, or in the commit of a release without it."""

__version__ = "0.1.0.dev0"
