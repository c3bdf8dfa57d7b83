"""Who is told: people's channels what moved, and a monitor how each run ended."""
