"""The only door to Kaggle: credentials, downloads, and what its answers mean."""
