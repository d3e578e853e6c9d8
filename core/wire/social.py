"""How much is said of an asset: how it is asked for, where in the answer it stands, and how it is read."""

from typing import Any

from pydantic import Field, model_validator

from core.answer import BadPayload
from core.market import Social, SocialQuery
from core.wire import feed
from core.wire.calls import Timed
from core.wire.figures import At, check_known, read_figures
from core.wire.news import items_of

_SOCIAL = (
    "reddit_subscribers",
    "reddit_active",
    "reddit_posts_48h",
    "reddit_comments_48h",
    "twitter_followers",
    "telegram_members",
    "watchlists",
    "positive_votes_pct",
    "mentions_24h",
    "interactions_24h",
)
MOST_POSTS = 20


class SocialCall(Timed):
    """How much is said of an asset. A feed holds the newest posts and no figures."""

    figures: dict[str, At] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _figures_are_ours(self) -> "SocialCall":
        check_known(self.figures, _SOCIAL)
        if (self.format == "feed") == bool(self.figures):
            raise ValueError("figures: expected some for JSON, and none for a feed")
        return self


def read_social(call: SocialCall, query: SocialQuery, body: Any, _now: float | None = None) -> Social:
    """What there is; one figure at least, or the posts of a feed."""
    if call.format == "feed":
        posts = items_of(feed.entries(body), "", _now)
        return Social(
            query.symbol, newest_posts=posts[:MOST_POSTS], time=posts[0].published if posts else None
        )
    found: dict[str, Any] = read_figures(call.figures, body, call.root)
    if all(value is None for value in found.values()):
        raise BadPayload(f"{', '.join(found)}: none of them is there")
    return Social(query.symbol, **found, time=call.moment(body))
