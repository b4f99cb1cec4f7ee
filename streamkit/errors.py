"""What the toolkit says when it cannot go on: one sentence, and one exit code."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command, the same on the controller, on the host and in the container."""

    OK = 0
    FAILED = 1
    BAD_INPUT = 2
    """An argument, a setting, or a file handed in is wrong; nothing was changed."""
    UNAVAILABLE = 3
    """Something outside (daemon, device, server) is missing or does not answer."""


class StreamkitError(Exception):
    """A failure with one sentence for the person: what is wrong, where, what is allowed, the cure."""

    exit_code = ExitCode.FAILED


class BadInputError(StreamkitError):
    """A setting, argument or document that was handed in is wrong."""

    exit_code = ExitCode.BAD_INPUT


class UnavailableError(StreamkitError):
    """Something outside this process is missing or does not answer."""

    exit_code = ExitCode.UNAVAILABLE
