"""`vectorlog search`: searches a store of any server, and shows the passages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

from vectorlog.cli import connection, shown
from vectorlog.client.filter_text import parse
from vectorlog.client.server import Server

_SNIPPET = 320
"""Characters of a passage that are shown: about four lines."""
_SHORT = 3
"""Words of the query below this length are not highlighted: nearly every passage has them."""


@click.command()
@connection.option
@click.argument("store")
@click.argument("query")
@click.option("--limit", "-n", type=click.IntRange(1, 50), default=10, show_default=True, help="How many results.")
@click.option("--filter", "filtered", metavar="CONDITION", help="""Such as 'year >= 2024 and lang in ("de", "en")'.""")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Leave out results below this score.")
@click.option("--ranker", help="Such as none (meaning alone) or rerank.")
@click.option("--per-file", type=click.IntRange(1, 50), help="At most so many results of one file.")
@click.option("--rewrite", is_flag=True, help="Let the server rewrite the query.")
@click.option("--full", is_flag=True, help="Show whole passages.")
@shown.as_json
def command(
    server: Server,
    store: str,
    query: str,
    limit: int,
    filtered: str | None,
    threshold: float | None,
    ranker: str | None,
    per_file: int | None,
    *,
    rewrite: bool,
    full: bool,
    as_json: bool,
) -> None:
    """Search STORE, a name or an id, for QUERY.

    A filter compares attributes with =, !=, <, <=, >, >=, in and not in, and joins comparisons with and, or, not and
    parentheses. Texts are in quotes.
    """
    body: dict[str, Any] = {"query": query, "max_num_results": limit}
    if filtered is not None:
        body["filters"] = parse(filtered)
    ranking = {"score_threshold": threshold, "ranker": ranker}
    if any(each is not None for each in ranking.values()):
        body["ranking_options"] = {name: value for name, value in ranking.items() if value is not None}
    if per_file is not None:
        body["max_results_per_file"] = per_file
    if rewrite:
        body["rewrite_query"] = True
    answer = server.post(f"{connection.store_path(server, store)}/search", body)
    for warning in answer.get("warnings") or ():
        click.echo(f"Note: {shown.printable(warning['message'])}", err=True)
    if as_json:
        shown.dump(answer)
        return
    if not answer["data"]:
        click.echo("Nothing was found.", err=True)
    asked = answer.get("search_query") or query
    _print(answer["data"], asked if isinstance(asked, str) else " ".join(asked), full=full)


def _print(found: Sequence[Mapping[str, Any]], query: str, *, full: bool) -> None:
    from rich.padding import Padding
    from rich.text import Text

    words = _words(query)
    out = shown.console()
    for each in found:
        text = "\n".join(part["text"] for part in each["content"])
        passage = _lines(text) if full else _snippet(text, words)
        head = Text()
        head.append(f"{each['score']:.3f}", style="green")
        head.append(f"  {shown.printable(each['filename'])}", style="bold")
        head.append(_place(each), style="dim")
        out.print(head)
        if not out.is_terminal:
            out.print("\n".join(f"  {line}" for line in passage.split("\n")))
            continue
        marked = Text(passage)
        if words is not None:
            marked.highlight_regex(words, style="bold yellow")
        out.print(Padding(marked, (0, 0, 1, 2)), soft_wrap=False)


def _place(result: Mapping[str, Any]) -> str:
    """Where a result is in its file: its pages or sheet, and its headings."""
    place = next((part["location"] for part in result["content"] if part.get("location")), None)
    if not place:
        return ""
    said = ""
    if place.get("sheet"):
        said += f", sheet {place['sheet']}"
    elif place.get("first_page"):
        first, last = place["first_page"], place["last_page"]
        said += f", page {first}" if first == last else f", pages {first}–{last}"
    if place.get("headings"):
        said += f", {' › '.join(place['headings'])}"
    return shown.printable(said)


def _words(query: str) -> re.Pattern[str] | None:
    words = sorted({each for each in re.findall(r"\w+", query) if len(each) >= _SHORT}, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\w*", re.IGNORECASE) if words else None


def _snippet(text: str, words: re.Pattern[str] | None) -> str:
    """The part of a passage that has the most of the query's words, on one line."""
    plain = " ".join(_lines(text).split())
    if len(plain) <= _SNIPPET:
        return plain
    places = [] if words is None else [each.start() for each in words.finditer(plain)]
    best = max(places, key=lambda at: sum(at <= other < at + _SNIPPET for other in places), default=0)
    begin = max(0, min(best - _SNIPPET // 8, len(plain) - _SNIPPET))
    if begin:
        begin = plain.find(" ", begin) + 1
    cut = plain[begin : begin + _SNIPPET]
    if begin + _SNIPPET < len(plain):
        cut = cut.rpartition(" ")[0] or cut
    return ("… " if begin else "") + cut + (" …" if begin + _SNIPPET < len(plain) else "")


def _lines(text: str) -> str:
    return "\n".join(shown.printable(line) for line in text.replace("\t", " ").splitlines())
