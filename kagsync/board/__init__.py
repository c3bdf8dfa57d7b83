"""A leaderboard file: what its name tells, what is in its cells, and what it is when it is no leaderboard."""
