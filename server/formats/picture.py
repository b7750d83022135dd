"""What is known of an image without decoding it, and what a walker says when it stumbles."""

from typing import NamedTuple


class Picture(NamedTuple):
    """An image, as its bytes describe it."""

    content_type: str
    width: int  # pixels
    height: int  # pixels


class Broken(Exception):  # noqa: N818 - it never leaves this package
    """The structure is wrong; the text says where."""


def need(condition: bool, reason: str) -> None:  # noqa: FBT001 - it reads as a sentence
    """Stop the walk with `reason` unless the condition holds."""
    if not condition:
        raise Broken(reason)
