"""What docs/USER_GUIDE.md tells people to type on another machine, typed in order at a panel of the tests' own."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamkit.run.log import RingLog
from tests.conftest import REPOSITORY
from tests.docs.blocks import NOT_RUN, blocks
from tests.streamkit.panel.browser.supervisor import StandIn
from tests.streamkit.panel.conftest import TOKEN, Running, States

PAGE = REPOSITORY / "docs" / "USER_GUIDE.md"
HERE = str(Path(__file__).relative_to(REPOSITORY))
TYPED = [block.text for block in blocks(PAGE) if block.comment.startswith(NOT_RUN) and HERE in block.comment]


@pytest.fixture
def supervisor(states: States) -> Iterator[StandIn]:
    """Somebody who answers on the control socket."""
    found = StandIn(states)
    yield found
    found.close()


def test_commands_for_scripts(running: Running, supervisor: StandIn, states: States, tmp_path: Path) -> None:
    RingLog(states.folder / "stream.log").write("stream", "WARNING: something went by")
    folder = tmp_path / "home"
    folder.mkdir()
    said = []
    for text in TYPED:
        typed = text.replace("http://ADDRESS:8081", f"http://127.0.0.1:{running.port}")
        assert TOKEN not in typed
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", typed],
            cwd=folder,
            input=f"{TOKEN}\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{typed}{done.stderr}"
        said.append(done.stdout)
    assert stat.S_IMODE((folder / "panel-header").stat().st_mode) == 0o600
    assert [asked["command"] for asked in supervisor.asked] == ["restart", "configure"]
    assert supervisor.asked[1]["changes"] == {"bitrate_kbps": 6000, "fps": None}
    assert json.loads(said[2])["ok"] is True
    assert "something went by" in said[1]
    assert "something went by" in (folder / "streamkit.log").read_text(encoding="utf-8")
    (bundle,) = folder.glob("streamkit-*.zip")
    assert zipfile.ZipFile(bundle).testzip() is None


def test_the_table_of_addresses_is_complete() -> None:
    """Each address of the table exists, and none that programs may want is missing."""
    rows = re.findall(r"^\| `(GET|POST) (/\S+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    sources = (REPOSITORY / "streamkit" / "panel").glob("*.py")
    found = {
        (method, re.sub(r"<.*", "start", rule))
        for path in sources
        for method, rule in re.findall(r'Route\("([A-Z]+)", r?"(/(?:api/|metrics)[^"]*)"', path.read_text("utf-8"))
    }
    assert set(rows) == found
