"""What a hub can do, one subject a module; :mod:`core.async_hub` puts them together."""
