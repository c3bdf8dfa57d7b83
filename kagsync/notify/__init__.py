"""Notifications: channels learn what moved, and a monitor learns how each run ended."""
