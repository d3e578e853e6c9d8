"""``python -m core.cli`` is ``kintsugi``."""

from core.cli import main

main()
