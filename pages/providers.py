"""Every provider and endpoint: state, circuit, cooldown, success and latency."""

from core.ui import frame, providers

providers.show(frame.hub())
