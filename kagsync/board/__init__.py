"""A leaderboard file: taken out of its ZIP, checked, read, and matched to the tracked users."""
