"""Charts and tables say in words what they show, for those who do not see them."""

import ast
from pathlib import Path

UI = Path(__file__).resolve().parents[2] / "core" / "ui"
SHOWN = {"plotly_chart", "dataframe", "table", "data_editor"}


def test_every_chart_and_table_has_its_words() -> None:
    calls = [
        (f"{file.name}:{node.lineno}", node)
        for file in sorted(UI.glob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {f"st.{name}" for name in SHOWN}
    ]
    assert len(calls) > 25
    silent = [where for where, call in calls if "alt" not in {one.arg for one in call.keywords}]
    assert not silent, "\n".join(silent)
