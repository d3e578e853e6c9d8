"""Models: how they do, a sentence to try, predictions with their record."""

from core.ui import frame, models

models.show(frame.hub())
