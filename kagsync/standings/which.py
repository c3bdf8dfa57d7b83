"""The names of a competition's two boards, and of the choice between them."""

PUBLIC, PRIVATE = "public", "private"
FINAL = "final"  # the private board if there is one, otherwise the public one
