"""The API asked everything that its OpenAPI allows, and much that it does not, with the token and without."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from over_http import application
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import positive_data_acceptance

from core import authority
from core.hub import close_shared, shared

pytestmark = [
    pytest.mark.slow,
    # It is not the strategies that do: the hub's own thread draws jitter meanwhile.
    pytest.mark.filterwarnings("ignore:Do not use the `random` module"),
]

TOKEN = "let-me-in"
FEW = settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The schema of routes over a hub on the lab, with a token."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KINTSUGI_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        patch.setenv("KINTSUGI_MODE", "lab")
        patch.setenv("KINTSUGI_ADMIN_TOKEN", TOKEN)
        patch.setenv("KINTSUGI_ACTION_RATE", "1000000")
        patch.setenv("KINTSUGI_PROXY_RATE", "1000000")
        patch.setenv("KINTSUGI_DEADLINE", "2")
        patch.setattr(authority.GUESSES, "_most", 10**9)
        patch.setattr(authority.GUESSES, "_most_in_all", 10**9)
        close_shared()
        shared()
        yield schemathesis.openapi.from_asgi("/api/openapi.json", application())
        close_shared()


def test_with_the_token(api: Any) -> None:
    for operation in operations(api):
        ask(operation, {"Authorization": f"Bearer {TOKEN}"})


def test_without_it_nothing_is_done(api: Any) -> None:
    for operation in operations(api):
        if operation.method.upper() != "GET":
            statuses = ask(operation, {})
            assert statuses <= {400, 401}, operation.label  # a body that is no JSON is seen first


def operations(api: Any) -> list[Any]:
    found = [result.ok() for result in api.get_all_operations()]
    assert len(found) > 40
    return found


def ask(operation: Any, headers: dict[str, str]) -> set[int]:
    """Questions as they should be and as they should not; the statuses that came back."""
    statuses: set[int] = set()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @given(operation.as_strategy(generation_mode=mode))
        @FEW
        def asked(case: Any) -> None:
            statuses.add(answered(case, headers).status_code)

        with suppress(Unsatisfiable):  # a question without arguments cannot be wrong
            asked()
    return statuses


# The first is done below, for what is documented; the second asks that whatever fits the schema be taken, and
# no schema can say which symbols there are.
LEFT_OUT = [not_a_server_error, positive_data_acceptance]


def answered(case: Any, headers: dict[str, str]) -> Any:
    """As documented, and never a fault of ours: what nobody answers is 503, and says so."""
    spared(case)
    response = case.call_and_validate(headers=headers, excluded_checks=LEFT_OUT)
    if response.status_code >= 500:
        code = response.json()["error"]["code"]
        assert (response.status_code, code) in {
            (503, "no_answer"),
            (503, "unavailable"),
            (502, "unreachable"),
        }
    return response


def spared(case: Any) -> None:
    """What would only take long: everything at once, years of candles."""
    everything = isinstance(case.body, dict) and case.body.get("target") is None
    if case.path in {"/v1/probe", "/v1/heal"} and everything:
        case.body["target"] = "kraken/price"
    for part in (case.query, case.body):
        if isinstance(part, dict) and isinstance(part.get("limit"), int) and 300 < part["limit"] <= 50_000:
            part["limit"] = 300
