"""Telling an article from what a server put in its place: pure, from the answer alone."""

from archiver.walls.sign import Sign, signs

__all__ = ["Sign", "signs"]
