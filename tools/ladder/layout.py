"""Makes the text of a line fit a width: shortens what was sent or received, and breaks the line
before its result or between its arguments. Nothing else is left out."""

from .pieces import Payload, Piece, fitting, width

LEAST_PAYLOAD = 12  # columns
INDENT = "  "


def fit(line, room, payload=60, least=LEAST_PAYLOAD):
    """The Line as lists of Pieces, one list for each row of at most `room` columns. A Payload has
    `payload` columns at most; rather than less than `least`, it takes another row."""
    pieces = line.head + line.tail
    for parts in ([pieces], [line.head, [Piece(INDENT), *line.tail]]):
        rows = [shorten(part, room, payload, least) for part in parts]
        if None not in rows:
            return rows
    return wrap(pieces, room, payload)


def shorten(pieces, room, payload, least):
    """The Pieces on one row, with text instead of a Payload; None if there is not enough room."""
    room -= sum(width(piece.text()) for piece in pieces if not isinstance(piece, Payload))
    short = []
    for piece in pieces:
        if isinstance(piece, Payload):
            full = width(piece.text(payload))
            if room < min(full, least):
                return None
            piece = Piece(piece.text(min(full, room)), piece.style)
        short.append(piece)
    return short if room >= 0 else None


def wrap(pieces, room, payload):
    """On as many rows as it takes, broken between the arguments and before the result."""
    rows = [[]]
    for part in parts_of(pieces):
        longer = shorten(rows[-1] + part, room, payload, least=payload)
        if longer is None and rows[-1]:
            rows.append([Piece(INDENT)])
            longer = shorten(rows[-1] + part, room, payload, least=6)
        if longer is None:
            rows[-1:] = cut(rows[-1] + part, room)
        else:
            rows[-1] = longer
    return rows


def parts_of(pieces):
    """The pieces in groups that stay together."""
    parts = [[]]
    for piece in pieces:
        if parts[-1] and (parts[-1][-1].text() == ", " or piece.text().startswith(" ")):
            parts.append([])
        parts[-1].append(piece)
    return parts


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
