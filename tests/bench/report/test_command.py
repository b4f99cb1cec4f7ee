"""``bench report``: what it writes, and one sentence for everything that is wrong with what it is given."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli import app
from bench.records import FILE, Run
from bench.report.command import report
from bench.report.content import Content
from bench.report.page import page
from bench.report.write import files, write_docs, write_report
from streamkit.errors import BadInputError, UnavailableError
from tests.bench.report import factory


def images() -> list[Run]:
    """The smallest records that a row of the guide's table comes of."""
    return [factory.image("before"), factory.image("after")]


def test_the_files_of_a_report(made: Content, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    (folder / "plots").mkdir(parents=True)
    (folder / "plots" / "old.png").write_bytes(b"of an older report")
    paths = write_report(made, folder)
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there == {
        "report.html", "report.md", "guide.csv", "figures.csv", "runs.csv", *(f"plots/{one.plot.name}.png" for one in made.drawn),
    }  # fmt: skip
    assert set(paths) == {folder / name for name in there}
    assert {path: path.read_bytes() for path in paths} == {folder / name: data for name, data in files(made).items()}


def test_the_page_needs_nothing_but_itself(made: Content) -> None:
    text = page(made)
    assert not re.search(r"https?://|<script|<link|@import|url\(", text)
    assert text.count("data:image/png;base64,") == 2 * len(made.drawn), "light and dark"
    assert text.index("Of the 7 rows") < text.index("<nav"), "the manager's lines come first"
    assert set(re.findall(r'href="#([^"]+)"', text)) == set(re.findall(r'<section id="([^"]+)"', text))
    assert all(re.findall(r'<img [^>]*alt="([^"]*)"', text)), "every picture says its finding in words too"


def test_what_a_record_says_is_text_on_the_page(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    crash = factory.run("stream", "before", 0, {}, status="crashed", reason=evil, machine={"cpu": evil})
    report(factory.stored(tmp_path, [*images(), crash]), None, None, None, None)
    text = (tmp_path / "report" / "report.html").read_text()
    assert evil not in text and text.count("&lt;script&gt;") >= 2
    assert evil not in (tmp_path / "report" / "report.md").read_text()


def test_the_command_line(tmp_path: Path) -> None:
    folder = factory.stored(tmp_path / "records", images())
    docs = tmp_path / "docs" / "RESULTS.md"
    done = CliRunner().invoke(app, ["report", "--out", str(folder), "--to", str(tmp_path / "to"), "--docs", str(docs)])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Of the 7 rows of the guide's table \u201cafter\u201d is better in 1")
    assert str(tmp_path / "to" / "report.html") in done.output.replace("\n", "")
    assert "(images/results/image.png)" in docs.read_text()
    assert (tmp_path / "docs/images/results/image.png").read_bytes() == (tmp_path / "to/plots/image.png").read_bytes()


def test_two_scenarios_of_ones_own(tmp_path: Path) -> None:
    runs = [factory.run("image", name, 0, {"image_size_mb": size}) for name, size in (("mine", 10.0), ("other", 20.0))]
    lines = report(factory.stored(tmp_path, runs), None, "mine", "other", None)
    assert lines[0] == "Of the 7 rows of the guide's table \u201cother\u201d is worse in 1; 6 rows not measured yet."


def test_one_side_alone_is_a_report_that_says_so(tmp_path: Path) -> None:
    lines = report(factory.stored(tmp_path, images()[1:]), None, None, None, None)
    assert lines[0] == "No row of the guide's table can be judged: only 'after' was run so far."
    text = (tmp_path / "report" / "report.md").read_text()
    assert "| Docker Image Size | ~2.5GB \u2192 ~1.2GB; 50% smaller | not measured yet | 143\u00a0MB |" in text


def test_runs_that_are_no_pair_are_drawn_with_a_word_on_it(tmp_path: Path) -> None:
    report(factory.stored(tmp_path, [factory.stream("after", None)]), None, None, None, None)
    text = (tmp_path / "report" / "report.md").read_text()
    assert text.count("Single runs, not run in pairs: nothing is judged from them.") == 5
    assert "- stream: not run in pairs; what is drawn are single runs, from which nothing is judged." in text


def test_half_a_file_is_reported_on_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = factory.stored(tmp_path, [*images(), factory.stream("after", 0)]) / FILE
    path.write_bytes(path.read_bytes()[:-200])
    lines = report(tmp_path, None, None, None, None)
    assert lines[0].startswith("Of the 7 rows")
    assert "line 3 is not whole and is left out; the 2 finished runs" in capsys.readouterr().err


def newer(folder: Path) -> None:
    path = factory.stored(folder, images()) / FILE
    document = json.loads(path.read_text().splitlines()[0]) | {"schema_version": 99}
    path.write_text(json.dumps(document) + "\n")


def nothing(folder: Path) -> None:
    folder.mkdir(exist_ok=True)


def of_others(folder: Path) -> None:
    factory.stored(folder, [factory.run("image", "mine", 0, {"image_size_mb": 1.0})])


@pytest.mark.parametrize(
    ("make", "words", "sentence"),
    [
        (nothing, (), "holds no finished run; measure first (bench compare BEFORE AFTER), or name a folder with --out"),
        (newer, (), "schema_version 99, written by a newer streamkit"),
        (of_others, (), "holds no run of 'before' or 'after', but of mine (1 run); use --before and --after"),
        (of_others, ("--before", "mien"), "--before is 'mien', of which"),
        (of_others, ("--before", "mine", "--after", "mine"), "both 'mine'; name two scenarios"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    tmp_path: Path, make: Callable[[Path], None], words: tuple[str, ...], sentence: str
) -> None:
    make(tmp_path)
    done = CliRunner().invoke(app, ["report", "--out", str(tmp_path), *words])
    assert isinstance(done.exception, BadInputError)
    assert sentence in str(done.exception) and str(done.exception).count("\n") == 0
    assert not (tmp_path / "report").exists(), "nothing is half written"


def test_a_folder_that_cannot_be_written_to(made: Content, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BadInputError, match=r"cannot be written to \(Not a directory\); give another place with --to"):
        write_report(made, tmp_path / "file" / "report")
    with pytest.raises(BadInputError, match=r"/proc/report cannot be written to .* with --to"):
        write_report(made, Path("/proc/report"))


def test_a_full_disk_leaves_the_old_page_whole(made: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report.html").write_text("the old one")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("bench.report.write.os.fdopen", full)
    with pytest.raises(UnavailableError, match=r"could not be written to .* \(No space left on device\)"):
        write_report(made, tmp_path)
    assert (tmp_path / "report.html").read_text() == "the old one"
    assert [path.name for path in tmp_path.glob(".*")] == [], "nothing is left lying about"


def test_results_without_a_figure_are_not_published(tmp_path: Path) -> None:
    folder = factory.stored(tmp_path, images()[1:])
    with pytest.raises(BadInputError, match="no row of the guide's table has both sides yet"):
        report(folder, None, None, None, tmp_path / "docs" / "RESULTS.md")
    assert not (tmp_path / "docs").exists()


def test_docs_hold_the_same_as_the_report(made: Content, tmp_path: Path) -> None:
    paths = write_docs(made, tmp_path / "RESULTS.md")
    assert {path.relative_to(tmp_path) for path in paths} == {
        Path("RESULTS.md"), *(Path(f"images/results/{one.plot.name}.png") for one in made.drawn),
    }  # fmt: skip
