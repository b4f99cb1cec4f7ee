"""Seconds per step of a build, out of what BuildKit prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.build_steps import Step, main, parse_steps, table
from streamkit.errors import BadInputError

# Pieces of steps 9 and 14 between each other, a step that failed, a step from the cache, and no instruction.
LOG = """\
#1 [internal] load build definition from Dockerfile
#1 sha256:f5099eac
#1 DONE 0.0s

#4 [builder 1/5] FROM docker.io/library/base:trixie
#4 CACHED

#9 [runtime-root 2/4] RUN --mount=type=cache,id=apt,target=/var/cache/apt     apt-get update
#9 0.441 Get:1 http://mirror.invalid/debian trixie InRelease

#14 [builder 5/5] RUN --mount=type=secret,id=ca,target=/ca.crt     cargo build --release
#14 0.9     Compiling syn v2.0.119

#9 [runtime-root 2/4] RUN --mount=type=cache,id=apt,target=/var/cache/apt     apt-get update
#9 DONE 110.7s

#14 [builder 5/5] RUN --mount=type=secret,id=ca,target=/ca.crt     cargo build --release
#14 12.0 #15 DONE 3.0s is what a program printed
#14 DONE 1774.0s

#16 [stage-9 1/1] COPY --from=check /tmp/elements.txt /usr/share/streamkit/elements.txt
#16 DONE 0.3s

#18 [check 2/2] RUN /bin/bash /check.sh "0.15.4"
#18 ERROR: executor failed running [/bin/bash /check.sh]: exit code: 1

#20 exporting to image
#20 exporting layers 2.1s done
#20 DONE 2.2s
"""


def test_each_step_counts_once_with_its_last_word() -> None:
    steps = {step.what: step for step in parse_steps(LOG.splitlines(keepends=True))}
    assert len(steps) == 7
    update = steps["RUN --mount=type=cache,id=apt,target=/var/cache/apt apt-get update"]
    assert update == Step("runtime-root", update.what, 110.7, "run")
    assert steps["FROM docker.io/library/base:trixie"].how == "cached"
    assert steps["exporting to image"] == Step("build", "exporting to image", 2.2, "run")
    assert steps['RUN /bin/bash /check.sh "0.15.4"'].how == "failed"


def test_table_has_the_longest_first_and_the_short_ones_together() -> None:
    lines = table(parse_steps(LOG.splitlines()))
    assert [line.split()[0] for line in lines] == ["seconds", "1774.0", "110.7", "2.2", "0.0", "0.3"]
    assert lines[1] == "  1774.0  builder       RUN cargo build --release"
    assert "FAILED RUN /bin/bash" in lines[4]
    assert lines[-1].endswith("3 shorter steps, 1 of them cached")
    assert max(map(len, lines)) <= 100


def test_what_is_no_build_log_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "build.log"
    with pytest.raises(BadInputError, match=r"usage: python3 -m bench\.build_steps LOG"):
        main([])
    with pytest.raises(BadInputError, match=r"build\.log cannot be read: No such file"):
        main([str(log)])
    log.write_text("Sending build context to Docker daemon\nStep 1/3 : FROM scratch\n")
    with pytest.raises(BadInputError, match="holds no step that ended; write it with 'docker build --progress plain"):
        main([str(log)])
    log.write_text(LOG)
    main([str(log)])
    assert capsys.readouterr().out.startswith(" seconds  stage")
