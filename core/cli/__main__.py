"""``python -m core.cli`` is ``kintsugi``."""

from core.cli import main

if __name__ == "__main__":
    main()
