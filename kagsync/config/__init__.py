"""A set-up as a file: what is tracked, who is notified, how reports look. Read, applied and exported."""
