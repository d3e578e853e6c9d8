"""The routes that change something, found in the server's own list: a new one is attacked without being named."""

from dataclasses import dataclass
from typing import Any

from over_http import application
from starlette.routing import Mount, Route

from core.rest.docs import document


@dataclass(frozen=True)
class Changing:
    """Such a route; ``takes`` says whether it has a body."""

    method: str
    template: str
    takes: bool

    @property
    def path(self) -> str:
        """With something for each argument."""
        return self.template.replace("{", "").replace("}", "")


def _found() -> list[Changing]:
    found = []
    for route in application().routes:
        if isinstance(route, Mount):
            api: Any = route.app
            for path, operations in document(api)["paths"].items():
                found += [
                    Changing(method.upper(), route.path + path, "requestBody" in told)
                    for method, told in operations.items()
                    if method not in {"get", "head", "options"}
                ]
        elif isinstance(route, Route):
            changing = set(route.methods or ()) - {"GET", "HEAD", "OPTIONS"}
            found += [Changing(method, route.path, False) for method in sorted(changing)]
    return found


CHANGING = _found()
