"""What is tracked: competitions, and the people of the roster."""
