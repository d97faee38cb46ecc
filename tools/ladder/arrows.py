"""What went from one event to another."""

from dataclasses import dataclass

from .events import Program


@dataclass(eq=False)
class Arrow:
    kind: str             # "connect", "refused", "data", "end", "reset", "lost"; "order": it is
                          # not drawn, it only tells what had to be first
    source: object        # the Event that sent it
    target: object        # the Event that received it; None: nobody did
    to: Program = None    # towards whom
    label: str = ""
