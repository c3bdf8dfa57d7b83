"""Connections to other machines: how long they may take, how much they may send, why they fail."""
