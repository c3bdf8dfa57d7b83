"""`kagsync report`: a small web site of static pages, one for each competition and an index."""

# How the pages name people. Each of these tells less than the one before.
NAMES = REAL, USERNAME, PSEUDONYM = ("real", "username", "pseudonym")
