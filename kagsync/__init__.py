"""kagsync keeps the Kaggle leaderboards of your people on your own machine."""

__version__ = "0.1.0"
