"""What the container installs is what the project asks for, and names no index."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]


def pinned() -> dict[str, str]:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    found = [
        re.fullmatch(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.]*)", line) for line in lines if line[0] != "#"
    ]
    assert all(found), "every line pins one release, and says no more"
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def test_the_pins_fit_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    held = pinned()
    for line in [*project["dependencies"], *project["optional-dependencies"]["auth"]]:
        asked = Requirement(line)
        assert asked.specifier.contains(held[canonicalize_name(asked.name)]), line


def test_the_readme_begins_with_the_spaces_settings() -> None:
    _, settings, rest = (ROOT / "README.md").read_text("utf-8").split("---\n", 2)
    assert "sdk: docker\n" in settings
    assert "app_port: 8501\n" in settings
    assert "STREAMLIT_SERVER_PORT=8501" in (ROOT / "Dockerfile").read_text("utf-8")
    assert rest.strip().startswith("# Kintsugi")
