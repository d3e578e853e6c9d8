"""An OpenID provider on loopback that lets in whom it is told to: discovery, keys, authorize, token, sign-out."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "kintsugi", "known-to-both"


class OpenId(ThreadingHTTPServer):
    """``person``: the claims of whoever logs in next. ``lies``: claims that its tokens have instead of true ones."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.key = RSAKey.generate_key(2048, {"kid": "of-the-test", "use": "sig"})
        self.signs_with = self.key
        self.person: dict[str, Any] = {}
        self.lies: dict[str, Any] = {}
        self.redirect_uri = ""
        """The one it knows its client by; anything else is refused."""
        self.codes: dict[str, dict[str, str]] = {}
        self.refused: list[str] = []
        self.signed_out: list[str] = []

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        header = {"alg": "RS256", "kid": "of-the-test"}
        return jwt.encode(header, {**claims, **self.person, **self.lies}, self.signs_with)

    def secrets(self) -> str:
        """A secrets.toml as a person would write it for this provider; Streamlit puts in its own port."""
        return f"""[auth]
redirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"
cookie_secret = "{secrets.token_urlsafe(32)}"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
server_metadata_url = "{self.issuer}/.well-known/openid-configuration"
"""


class Handler(BaseHTTPRequestHandler):
    server: OpenId
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, _flat(urlsplit(self.path).query)
        issuer = self.server.issuer
        if path == "/.well-known/openid-configuration":
            self._json(
                {
                    "issuer": issuer,
                    "authorization_endpoint": f"{issuer}/authorize",
                    "token_endpoint": f"{issuer}/token",
                    "jwks_uri": f"{issuer}/keys",
                    "end_session_endpoint": f"{issuer}/sign-out",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "code_challenge_methods_supported": ["S256"],
                }
            )
        elif path == "/keys":
            self._json({"keys": [self.server.key.as_dict(private=False)]})
        elif path == "/authorize":
            self._authorize(asked)
        elif path == "/sign-out":
            self.server.signed_out.append(asked.get("id_token_hint", ""))
            self._redirect(asked["post_logout_redirect_uri"])
        else:
            self._refuse(404, path)

    def do_POST(self) -> None:
        given = _flat(self.rfile.read(int(self.headers["Content-Length"])).decode())
        kind, _, basic = self.headers.get("Authorization", "").partition(" ")
        name, _, secret = base64.b64decode(basic).decode().partition(":")
        meant = self.server.codes.pop(given.get("code", ""), None)  # a code is good once
        challenge = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        if (kind, unquote(name), unquote(secret)) != ("Basic", CLIENT, SECRET):
            self._refuse(401, "client")
        elif meant is None or given["redirect_uri"] != meant["redirect_uri"]:
            self._refuse(400, "code")
        elif base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() != meant["code_challenge"]:
            self._refuse(400, "verifier")
        else:
            told = {"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "expires_in": 300}
            self._json({**told, "id_token": self.server.id_token(meant["nonce"])})

    def _authorize(self, asked: dict[str, str]) -> None:
        if asked["client_id"] != CLIENT or asked["redirect_uri"] != self.server.redirect_uri:
            self._refuse(400, f"{asked['client_id']} at {asked['redirect_uri']}")
        elif not {"openid", "email"} <= set(asked["scope"].split()) or asked["response_type"] != "code":
            self._refuse(400, "scope")
        else:
            code = secrets.token_urlsafe()
            self.server.codes[code] = asked
            self._redirect(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    def _redirect(self, to: str) -> None:
        self.send_response(302)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _refuse(self, status: int, why: str) -> None:
        self.server.refused.append(why)
        self._json({"error": why}, status)

    def _json(self, told: Any, status: int = 200) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing on the screen."""


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


@contextmanager
def provider() -> Iterator[OpenId]:
    """It serves while this lasts."""
    with OpenId() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
