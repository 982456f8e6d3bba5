"""Passwords that a program hands to a command."""

from __future__ import annotations

import sys

from config.commands import Refused


def read_password() -> str:
    """The first line of standard input, where no list of processes shows it.

    Raises:
        Refused: there is none, or it is not UTF-8.
    """
    try:
        line = sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        raise Refused("the password on standard input is not UTF-8") from None
    if not line:
        raise Refused("there is no password on standard input; send it as one line")
    return line
