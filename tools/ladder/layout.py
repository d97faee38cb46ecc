"""Makes the text of a line fit a width: shortens what was sent or received, and breaks the line
before its result or between its arguments. Nothing else is left out."""

from .pieces import Payload, Piece, fitting, width

LEAST_PAYLOAD = 12  # columns
INDENT = "  "


def fit(line, room, payload=60, least=LEAST_PAYLOAD):
    """The Line as lists of Pieces, one list for each row of at most `room` columns. A Payload has
    `payload` columns at most; rather than less than `least`, it takes another row."""
    whole = shorten(line.head + line.tail, room, payload, least)
    if whole is not None:
        return [whole]
    if line.head and line.tail:
        rows = [shorten(line.head, room, payload, least),
                shorten(indented(line.tail), room, payload, least)]
        if None not in rows:
            return rows
    return wrap(line.head + line.tail, room, payload)


def shorten(pieces, room, payload, least):
    """The Pieces on one row, with text instead of each Payload; None if there is no room."""
    room -= sum(width(piece.text()) for piece in pieces if not isinstance(piece, Payload))
    short = []
    for piece in pieces:
        if isinstance(piece, Payload):
            full = width(piece.text(payload))
            if room < min(full, least):
                return None
            piece = Piece(piece.text(min(full, room)), piece.style)
            room -= width(piece.text())
        short.append(piece)
    return short if room >= 0 else None


def wrap(pieces, room, payload):
    """On as many rows as it takes, broken between the arguments and before the result."""
    rows = []
    for part in parts_of(pieces):
        longer = shorten(rows[-1] + part, room, payload, least=payload) if rows else None
        if longer is not None:
            rows[-1] = longer
            continue
        part = indented(part) if rows else part
        alone = shorten(part, room, payload, least=6)
        rows += [alone] if alone is not None else cut(part, room)
    return rows


def parts_of(pieces):
    """The pieces in groups that stay together."""
    parts = [[]]
    for piece in pieces:
        if parts[-1] and (parts[-1][-1].text() == ", " or piece.text().startswith(" ")):
            parts.append([])
        parts[-1].append(piece)
    return parts


def indented(pieces):
    """As a row that goes on from the one before."""
    first, *rest = pieces
    if isinstance(first, Piece):
        first = Piece(first.content.lstrip(), first.style)
    return [Piece(INDENT), first, *rest]


def cut(pieces, room):
    """Broken wherever a row is full: there is no better place."""
    rows, left = [[]], room
    for piece in pieces:
        text = piece.text(room - len(INDENT)) if isinstance(piece, Payload) else piece.text()
        while text:
            count = fitting(text, left)
            if count:
                rows[-1].append(Piece(text[:count], piece.style))
            left -= width(text[:count])
            text = text[count:]
            if text:
                rows.append([Piece(INDENT)])
                left = room - len(INDENT)
    return rows
