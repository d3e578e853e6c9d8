"""What a repair may do when nobody says otherwise."""

from core.candles import RepairPolicy
from core.settings import Settings


def repair_policy(settings: Settings) -> RepairPolicy:
    """By the settings."""
    return RepairPolicy(
        auto_repair_enabled=settings.auto_repair_enabled,
        gap_detection_window_hours=settings.gap_detection_window_hours,
        max_gap_fill_attempts=settings.max_gap_fill_attempts,
        corruption_threshold=settings.corruption_threshold,
    )
