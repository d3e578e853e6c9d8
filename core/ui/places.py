"""Where the pages are, for those who lead to one."""

from pathlib import Path

PAGES = Path(__file__).parents[2] / "pages"
CANDLES, REPAIR, QUALITY = PAGES / "candles.py", PAGES / "repair.py", PAGES / "quality.py"
OVERVIEW, PROVIDERS = PAGES / "overview.py", PAGES / "providers.py"
ALERTS, ACTIVITY = PAGES / "alerts.py", PAGES / "activity.py"
LAB, MODELS = PAGES / "lab.py", PAGES / "models.py"
MARKET, TESTER, SETTINGS = PAGES / "market.py", PAGES / "tester.py", PAGES / "settings.py"
