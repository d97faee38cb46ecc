"""The little Markdown that the labs' pages use, as HTML: paragraphs, lists, tables, indented code,
an empty line between any two of them; `code`, **bold** and [links](target)."""

import html
import re

ITEM = re.compile(r"(?:[-*]|(\d+)\.) +")


def render(text, link=lambda target: target):
    """`link` is given every link's target, and says where it leads from the new place."""
    blocks = re.split(r"\n{2,}", text.strip("\n"))
    return "\n".join(block(found, link) for found in blocks if found)


def block(text, link):
    if text.startswith("    "):
        return f"<pre>{html.escape(text)}</pre>"
    if text.startswith("|"):
        return table(text.split("\n"), link)
    if ITEM.match(text):
        return list_of(text, link)
    return f"<p>{inline(text, link)}</p>"


def list_of(text, link):
    number = ITEM.match(text)[1]
    items = re.split(r"\n(?=\S)", text)  # a line further in belongs to the item above it
    inner = "".join(f"<li>{inline(ITEM.sub('', item, count=1), link)}</li>" for item in items)
    return f'<ol start="{number}">{inner}</ol>' if number else f"<ul>{inner}</ul>"


def table(lines, link):
    rows = [[inline(cell.strip(), link) for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
            for line in lines]
    head = "".join(f"<th>{cell}</th>" for cell in rows[0])
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows[2:])
    return f"<table><tr>{head}</tr>{body}</table>"


def inline(text, link):
    """Every second piece is between backticks, and there nothing is special."""
    pieces = [html.escape(piece) for piece in text.split("`")]
    pieces[1::2] = [f"<code>{piece}</code>" for piece in pieces[1::2]]
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", "".join(pieces), flags=re.S)
    return re.sub(r"\[(.+?)\]\((.+?)\)", lambda found: f'<a href="{link(html.unescape(found[2]))}">'
                  f"{found[1]}</a>", text, flags=re.S)
