"""`verifiers metrics`: pass@k and its kin of a scored file, by source."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer
from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from .console import fail, plain_table, printable, stdout
from .options import AsJson, ScoredFile, ScoredPrefix

if TYPE_CHECKING:
    from ..metrics import Estimate
    from ..verdict import Verdict

EXIT_CODES = """[bold]Exit codes[/]

  [cyan]0[/]  done
  [cyan]2[/]  a wrong command: a file, a column, a k that no problem has enough completions for"""

ALL = "all"

Groups: TypeAlias = dict[Hashable, list["Verdict"]]


def metrics(
    file: ScoredFile,
    k: Annotated[
        list[int] | None,
        typer.Option(
            "-k",
            metavar="K",
            min=1,
            show_default=False,
            help="Completions that may be tried; may be repeated. By default 1 and all there are.",
        ),
    ] = None,
    problem: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            show_default=False,
            help="The column that tells problems apart; by default the prompt, or the row where a "
            "row holds several completions.",
        ),
    ] = None,
    equivalent: Annotated[
        Literal["text", "math"],
        typer.Option(
            help="When two wrong answers are one answer, for cons@k: the same text, or equal by "
            "the math reward."
        ),
    ] = "text",
    confidence: Annotated[
        float, typer.Option(metavar="X", help="How often an interval should hold the truth.")
    ] = 0.95,
    prefix: ScoredPrefix = "",
    as_json: AsJson = False,
) -> None:
    """Figures of merit of a scored file, by source, with bootstrap intervals.

    pass@k: at least one of k completions is correct (unbiased estimate).
    mean@k: the mean reward of the first k. cons@k: the most frequent answer
    of k is correct. Unscored completions are left out, and counted.

    [bold]Examples[/]

      [cyan]verifiers metrics scored.parquet[/]
      [cyan]verifiers metrics scored.parquet -k 1 -k 8 -k 64 --problem problem_id[/]
      [cyan]verifiers metrics scored.parquet --json > figures.json[/]
    """
    from ..rollouts import RolloutError

    try:
        sources = _read(file, problem, prefix)
        if not sources[ALL]:
            fail(f"{file} holds no completions")
        most = max(map(len, sources[ALL].values()))
        wanted = sorted(set(k or (1, min(map(len, sources[ALL].values())))))
        if wanted[-1] > most:
            fail(f"k = {wanted[-1]}, and no problem has more than {most} completions")
        found = {
            name: _figures(groups, wanted, equivalent, confidence)
            for name, groups in sources.items()
        }
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    except (TypeError, ValueError, RolloutError) as error:
        fail(str(error))
    if len(found) == 2:  # one source is all there is
        del found[ALL]
    report = {"file": file, "confidence": confidence, "sources": found}
    if as_json:
        typer.echo(json.dumps(report))
    else:
        stdout().print(Padding(_page(report), (1, 2), expand=False))


def _read(file: str, problem: str | None, prefix: str) -> dict[str, Groups]:
    """Return the verdicts of each problem of each source, those of all sources first."""
    from ..opinions import written_before
    from ..rollouts.columns import PROMPT_COLUMNS, ColumnError, with_plurals

    names = [problem] if problem is not None else with_plurals(PROMPT_COLUMNS)
    sources: dict[str, Groups] = {ALL: {}}
    for said in written_before(file, prefix=prefix, columns=names):
        value = next((said.columns[name] for name in names if said.columns[name] is not None), None)
        if problem is None and said.part:
            key: Hashable = said.row
        elif value is None:
            raise ColumnError(
                f"row {said.row} has no {problem!r}"
                if problem
                else f"row {said.row} has no prompt: name what tells problems apart with --problem"
            )
        else:
            key = value if isinstance(value, (str, int)) else json.dumps(value, default=str)
        verdict = said.verdict()
        for source in (ALL, said.source or "(none)"):
            place = key if source != ALL else (said.source, key)
            sources.setdefault(source, {}).setdefault(place, []).append(verdict)
    return sources


def _figures(
    groups: Groups, wanted: Sequence[int], equivalent: str, confidence: float
) -> dict[str, Any]:
    from ..metrics import maj_at_k, mean_at_k, pass_at_k

    equal: Callable[[str, str], bool] | None = None
    if equivalent == "math":
        from ..math import equal
    figures: dict[str, Any] = {
        "problems": len(groups),
        "completions": sum(map(len, groups.values())),
        "unscored": sum(not v.scored for verdicts in groups.values() for v in verdicts),
    }
    # A vote needs to know what was answered; a reward of another kind does not say.
    votes = all(v.extracted is not None for vs in groups.values() for v in vs if v.correct)
    for k in wanted:
        enough = {name: verdicts for name, verdicts in groups.items() if len(verdicts) >= k}
        few = len(groups) - len(enough)
        if not any(sum(v.scored for v in verdicts) >= k for verdicts in enough.values()):
            continue
        figures[f"pass@{k}"] = _estimate(pass_at_k(enough, k, confidence=confidence), few)
        if k == 1:
            continue  # one completion is its own mean and its own majority
        figures[f"mean@{k}"] = _estimate(mean_at_k(enough, k, confidence=confidence), few)
        if votes:
            estimate = maj_at_k(enough, k, equivalent=equal, confidence=confidence)
            figures[f"cons@{k}"] = _estimate(estimate, few)
    return figures


def _estimate(found: Estimate, few: int) -> dict[str, Any]:
    return {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "problems": found.problems,
        "left_out": found.left_out + few,
    }


def _page(report: Mapping[str, Any]) -> Group:
    sources: Mapping[str, Mapping[str, Any]] = report["sources"]
    present = [n.split("@") for found in sources.values() for n in found if "@" in n]
    ks = sorted({int(k) for _, k in present})
    kinds = [kind for kind in ("pass", "mean", "cons") if kind in {kind for kind, _ in present}]
    table = plain_table("source", "problems", "k", *(f"{kind}@k" for kind in kinds))
    for source, found in sources.items():
        first = [Text(printable(source, 30), "bold" if source == ALL else "")]
        first.append(Text(f"{found['problems']:,}"))
        for k in ks:
            cells = [_cell(found.get(f"{kind}@{k}")) for kind in kinds]
            table.add_row(*(first if k == ks[0] else [""] * 2), str(k), *cells)
        table.add_section()
    note = f"per cent, and what holds {100 * report['confidence']:g} % (bootstrap over problems)"
    unscored = max(found["unscored"] for found in sources.values())
    left_out = [f"{unscored:,} unscored completions left out"] if unscored else []
    left_out += [
        f"{name} of {source} leaves out {found[name]['left_out']:,} problems"
        for source, found in sources.items()
        for name in found
        if "@" in name and found[name]["left_out"]
    ]
    return Group(
        Text(printable(report["file"]), "bold"),
        "",
        table,
        "",
        Text("; ".join([note, *left_out[:6]]), "dim"),
    )


def _cell(estimate: Mapping[str, Any] | None) -> Text:
    if estimate is None:
        return Text("·", "dim")
    interval = f" ({100 * estimate['low']:.0f}–{100 * estimate['high']:.0f})"
    return Text.assemble(f"{100 * estimate['value']:.1f}", (interval, "dim"))
