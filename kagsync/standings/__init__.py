"""Standings: pure rules, from a team's row on a board to what moved and why."""
