import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "engine"))


@pytest.fixture
def world(tmp_path):
    from ops_world import OpsWorld

    return OpsWorld(tmp_path)
