"""Models as providers: the sentiment of a text, and where a price may go. Behind the same guard as everybody."""

from core.models.shipped import own_models
from core.models.status import CAPABILITIES, ModelStatus, model_statuses

__all__ = ["CAPABILITIES", "ModelStatus", "model_statuses", "own_models"]
