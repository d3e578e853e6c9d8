"""Which models there are in this process, by the settings."""

from core.models.forecasts import forecasters
from core.models.model import ModelProvider
from core.models.transformers import local_transformers
from core.models.vader import vader
from core.settings import Settings


def own_models(settings: Settings) -> list[ModelProvider]:
    """All of them; none is loaded yet."""
    named = settings.transformers_model
    own = [local_transformers(named)] if named else []
    return [*own, vader(), *forecasters()]
