"""Settings by subject, and what each may be. Pure."""

from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

from core.ops.overrides import Knob
from core.settings import Settings

_SUBJECTS = {
    "Where data comes from": ("mode", "data_dir", "catalog_dirs", "private_hosts", "providers", "ccxt_exchanges",
                              "relay_url", "lab_url", "lab_seed", "transformers_model"),
    "One call": ("deadline", "request_timeout", "connect_timeout", "max_attempts", "hosts_per_call", "retries",
                 "hedge_after", "hedge_max", "hedge_burst", "hedge_refill", "balance"),
    "Health and circuits": ("health_error_threshold", "health_cooldown_seconds", "health_recovery_count",
                            "health_auto_reinit", "health_reinit_cooldown", "monitor", "failure_rate",
                            "dissent_tolerance", "slow_rate", "slow_after", "observe_only", "half_open_probes",
                            "throttle_default", "blocked_cooldown"),
    "What is kept": ("cache_bytes", "cache_entries", "stale_seconds", "revalidate_seconds", "archive",
                     "archive_days"),
    "Repair": ("auto_repair_enabled", "gap_detection_window_hours", "max_gap_fill_attempts",
               "corruption_threshold", "judge_every"),
    "Alerts": ("alert_urls", "alert_every"),
    "Who may, and how often": ("admin_token", "public", "admins", "allowed_hosts", "front_ends", "action_rate",
                               "question_rate", "proxy_rate"),
}  # fmt: skip
OTHERS = "Others"
"""Settings that no subject names."""


def groups(knobs: Sequence[Knob]) -> dict[str, list[Knob]]:
    """Subject → its settings, all of them once."""
    left = {knob.name: knob for knob in knobs}
    found = {title: [left.pop(name) for name in names if name in left] for title, names in _SUBJECTS.items()}
    found[OTHERS] = list(left.values())
    return {title: members for title, members in found.items() if members}


def kind(name: str) -> type | tuple[str, ...]:
    """``bool``, ``int``, ``float``, ``str``, ``tuple`` (texts), or the words to choose from."""
    annotation: Any = Settings.model_fields[name].annotation
    if get_origin(annotation) is Literal:
        return tuple(map(str, get_args(annotation)))
    if get_origin(annotation) is tuple:
        return tuple
    return annotation if annotation in (bool, int, float) else str


def bounds(name: str) -> tuple[float | None, bool, float | None]:
    """Lowest, whether that itself is allowed, and highest; None where there is no bound."""
    low, included, high = None, True, None
    for limit in Settings.model_fields[name].metadata:
        if (edge := getattr(limit, "ge", None)) is not None:
            low, included = edge, True
        if (edge := getattr(limit, "gt", None)) is not None:
            low, included = edge, False
        for edge in (getattr(limit, "le", None), getattr(limit, "lt", None)):
            high = edge if edge is not None else high
    return low, included, high


def allowed(name: str) -> str:
    """What a setting may be, in words."""
    of = kind(name)
    if isinstance(of, tuple):
        return " or ".join(of)
    if of is bool:
        return "true or false"
    if of is tuple:
        return "a list"
    if of is str:
        return "text"
    low, included, high = bounds(name)
    what = "whole numbers" if of is int else "numbers"
    least = "" if low is None else f" from {low:,g}" if included else f" above {low:,g}"
    return f"{what}{least}{'' if high is None else f' up to {high:,g}'}"
