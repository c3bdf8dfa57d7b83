"""Looks at everything that a run needs."""
