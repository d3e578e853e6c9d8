"""An address that alerts go to, as apprise understands it."""

import logging

import apprise
from pydantic import SecretStr

# Its lines hold addresses: whoever sends catches them, and tells what matters without.
LOGGER = logging.getLogger("apprise")
LOGGER.setLevel(logging.WARNING)
LOGGER.propagate = False
LOGGER.addHandler(logging.NullHandler())


def notifier(address: SecretStr) -> apprise.NotifyBase | None:
    """What sends to an address; None for one that apprise can make nothing of."""
    asset = apprise.AppriseAsset(app_id="Kintsugi", app_desc="Kintsugi", app_url="", async_mode=False)
    made = apprise.Apprise.instantiate(address.get_secret_value(), asset=asset, suppress_exceptions=True)
    return made if isinstance(made, apprise.NotifyBase) else None
