"""The Django + Celery pipeline that kagsync replaces, written anew from its workflow.

A plain Django app as a competent developer writes it: models with the indexes they need, the whole board in
pandas, then row by row two lookups at most and `update_or_create` for those who are tracked, each in a
transaction of its own, as Django does it by default; all in one transaction is measured beside it. In its
favour: usernames looked up by their unique index, no signals, no Celery, no broker. Each run starts a process
of its own, as kagsync's does; a Celery worker stays up, so the row loop alone is compared as well, without
start-up on either side.
"""
