# SPDX-License-Identifier: Apache-2.0
"""Every row of the bench in the order in which they matter: a run that is given little time, or is
stopped, has the first ones."""
import extras
import quality_rows
from shapes import (AVX2, DEEP, HUGE, LARGE, LARGE_FIRST, LONG, MEDIUM, RANDOM_ROWS, SMALL, SMALL_ROWS,
                    USERS)

ROWS = [
    *LARGE_FIRST,
    *SMALL_ROWS,
    *(quality_rows.note(model) for model in (LARGE, MEDIUM, SMALL)),
    USERS,
    extras.WARD,
    extras.PREFIX,
    DEEP,
    extras.GUESSES,
    *AVX2,
    *extras.STARTS,
    *extras.MEMORIES,
    extras.HALF_CORE,
    extras.SOCKET,
    LONG,
    *RANDOM_ROWS,
    extras.DRAFTED,
    *(quality_rows.own(model) for model in (LARGE, SMALL, MEDIUM)),
    *HUGE,
]


def wanted(mode, only):
    """The rows of a mode; with @p only any row of any mode whose id holds one of its words."""
    words = [word for word in (only or "").lower().split(",") if word]
    for row in ROWS:
        if any(word in row["id"] for word in words) or (not words and mode in row["modes"]):
            yield row
