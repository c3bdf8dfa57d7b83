"""`kagsync report`: a small web site of static pages, one for each competition and an index."""

# How the pages name people. Each of these tells less than the one before.
NAMES = REAL, USERNAME, PSEUDONYM = ("real", "username", "pseudonym")


def strictest_names(*names: str | None) -> str:
    """The one of several words of `NAMES` that tells the least. None: not set."""
    return max((each for each in names if each is not None), key=NAMES.index, default=REAL)
