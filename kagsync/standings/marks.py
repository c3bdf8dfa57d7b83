"""Where the medals of a Kaggle competition begin."""

from __future__ import annotations

MEDALS = ("gold", "silver", "bronze")  # the best first


def last_ranks(teams: int) -> dict[str, int]:
    """The last rank that each medal goes to, in a competition of so many teams.

    From Kaggle's table at https://www.kaggle.com/progression ("Percentage calculations are rounded down"):

    ======  =============  =============  ================  ================
    medal   0 to 99 teams  100 to 249     250 to 999        1,000 and more
    ======  =============  =============  ================  ================
    bronze  top 40 %       top 40 %       top 100           top 10 %
    silver  top 20 %       top 20 %       top 50            top 5 %
    gold    top 10 %       top 10         top 10 + 0.2 %    top 10 + 0.2 %
    ======  =============  =============  ================  ================

    The whole numbers here are exact: a float's 20 % of 35 may fall below 7. A medal that nobody gets is
    left out.
    """
    if teams < 100:
        ranks = (teams // 10, teams // 5, teams * 2 // 5)
    elif teams < 250:
        ranks = (10, teams // 5, teams * 2 // 5)
    elif teams < 1000:
        ranks = (10 + teams // 500, 50, 100)
    else:
        ranks = (10 + teams // 500, teams // 20, teams // 10)
    return {medal: rank for medal, rank in zip(MEDALS, ranks, strict=True) if rank > 0}
