"""``bench report``: from a folder of records to a folder with the report."""

from __future__ import annotations

from pathlib import Path

from bench.records import FILE, Store
from bench.report.content import content
from bench.report.material import gather
from bench.report.write import PAGE, write_docs, write_report
from streamkit.errors import BadInputError

SEED = 1
BEFORE, AFTER = "before", "after"


def report(records: Path, to: Path | None, before: str | None, after: str | None, docs: Path | None) -> list[str]:
    """Write the report of the records in ``records`` and return what to tell the person.

    ``to`` defaults to ``report`` in the folder of the records; ``docs`` is a Markdown page to write besides.  Raises
    BadInputError or UnavailableError in one sentence; an older report then stays as it was.
    """
    store = Store(records)
    runs = store.read()
    for option, name in (("--before", before), ("--after", after)):
        known = sorted({run.scenario for run in runs})
        if name is not None and runs and name not in known:
            raise BadInputError(f"{option} is {name!r}, of which {store.path} has no run; it has {', '.join(known)}.")
    material = gather(runs, before or BEFORE, after or AFTER, SEED, str(records / FILE))
    made = content(material)
    folder = to or records / "report"
    paths = write_report(made, folder)
    if docs:
        paths += write_docs(made, docs)
    lines = [*made.headline, "", f"{len(paths)} files; begin with {folder / PAGE}"]
    return lines
