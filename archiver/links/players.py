"""Frames that play what no link leads to: the film lies elsewhere, in pieces that a script asks for."""

from __future__ import annotations

import re

_PLAYERS = re.compile(
    r"https?://(?:[a-z0-9-]++\.)*(?:"
    r"youtube(?:-nocookie)?\.com(?::\d+)?/(?:embed|live_embed)"
    r"|player\.vimeo\.com(?::\d+)?/video"
    r"|(?:geo\.)?dailymotion\.com(?::\d+)?/(?:embed|player)"
    r"|players\.brightcove\.net(?::\d+)?/"
    r"|(?:cdn|content)\.(?:jwplatform|jwplayer)\.com(?::\d+)?/players"
    r"|embed\.ted\.com(?::\d+)?/"
    r"|fast\.wistia\.(?:com|net)(?::\d+)?/embed"
    r"|player\.twitch\.tv(?::\d+)?/"
    r"|w\.soundcloud\.com(?::\d+)?/player"
    r"|open\.spotify\.com(?::\d+)?/embed"
    r"|embed\.podcasts\.apple\.com(?::\d+)?/"
    r"|facebook\.com(?::\d+)?/plugins/video"
    r"|tiktok\.com(?::\d+)?/(?:embed|player)"
    r"|rumble\.com(?::\d+)?/embed"
    r"|streamable\.com(?::\d+)?/[eo]/"
    r")"
)
_PLAYLIST = re.compile(
    r"(?:application|audio)/(?:vnd\.apple\.mpegurl|x-mpegurl|mpegurl|dash\+xml)", re.IGNORECASE
)


def is_player(url: str) -> bool:
    """Whether a frame of *url*, absolute and serialised, plays a film or a recording of its host's."""
    return _PLAYERS.match(url) is not None


def is_playlist(content_type: str | None) -> bool:
    """Whether *content_type* is that of a list of pieces (HLS, DASH), of which none is fetched."""
    return _PLAYLIST.match((content_type or "").strip()) is not None
