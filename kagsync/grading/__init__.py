"""Grades: schemes that turn a competition's boards into points, and the exports of school systems."""
