"""Imports point downward only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "core"


def imported(file: Path) -> set[str]:
    """Modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{name.name}" for name in node.names)
    return found


def within(modules: set[str], *packages: str) -> set[str]:
    """Those of the modules that lie in one of the packages."""
    return {module for module in modules for package in packages if f"{module}.".startswith(f"{package}.")}


def module_of(file: Path) -> str:
    """``core.wire.calls``; of a package's ``__init__.py`` the package."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(file) for file in CORE.rglob("*.py")}


def reached(file: Path) -> set[str]:
    """Modules of the project that a file itself imports: those that its imports name, not the packages around them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                full = f"{node.module}.{name.name}"
                found.add(full if full in MODULES else node.module)
    return (found & MODULES) - {module_of(file)}


BELOW_UI = sorted(file for file in CORE.rglob("*.py") if CORE / "ui" not in file.parents)


@pytest.mark.parametrize("file", BELOW_UI, ids=lambda file: str(file.relative_to(ROOT)))
def test_below_ui_nothing_knows_of_pages(file: Path) -> None:
    assert not within(imported(file), "streamlit", "core.ui", "pages", "app")


@pytest.mark.parametrize("folder", ["candles", "indicators"])
def test_candles_and_indicators_know_of_no_network(folder: str) -> None:
    for file in (CORE / folder).rglob("*.py"):
        upward = ("httpx", "core.engine", "core.wire", "core.catalog", "core.hub", "core.rest", "core.lab")
        assert not within(imported(file), *upward), file


def test_wire_and_catalog_know_of_nothing_above() -> None:
    for folder in ("wire", "catalog"):
        for file in (CORE / folder).rglob("*.py"):
            assert not within(imported(file), "core.engine", "core.hub", "core.rest", "core.lab"), file


def test_settings_know_of_nothing_that_goes_by_them() -> None:
    ground = {"core.answer", "core.addresses", "core.environment", "core.notifier"}
    own = {"core.settings", "core.setting_kinds", "core.setting_sources"}
    for name in sorted(own):
        found = {module for module in reached(CORE / f"{name.removeprefix('core.')}.py") if module != "core"}
        assert found <= ground | own, name


def test_there_is_no_circle_of_imports() -> None:
    left = {module_of(file): reached(file) for file in CORE.rglob("*.py")}
    while ready := {name for name, needs in left.items() if not needs & left.keys()}:
        left = {name: needs for name, needs in left.items() if name not in ready}
    assert not left, f"in or above a circle: {' '.join(sorted(left))}"


def test_the_engine_does_not_know_who_watches_it() -> None:
    for file in (CORE / "engine").rglob("*.py"):
        assert not within(imported(file), "core.ops", "core.hub", "core.rest"), file
    for file in (CORE / "ops").rglob("*.py"):
        assert not within(
            imported(file), "core.hub", "core.async_hub", "core.facets", "core.world", "core.rest"
        ), file


def test_pages_draw_and_do_nothing_else() -> None:
    for file in (ROOT / "pages").glob("*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        assert not within(imported(file), "core.engine", "core.wire", "core.catalog", "httpx"), file
        logic = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Try)
        assert not [node for node in ast.walk(tree) if isinstance(node, logic)], file
