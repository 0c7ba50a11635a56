"""A student's wallet that is not ours: OpenID4VCI 1.0 with jwcrypto, plain requests, and nothing of ours."""

import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import base58
import httpx
from jwcrypto import jwk, jws

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"


@dataclass
class ForeignWallet:
    """Holds one key and what was issued to it."""

    http: httpx.Client
    key: jwk.JWK = field(default_factory=lambda: jwk.JWK.generate(kty="OKP", crv="Ed25519"))

    @property
    def did(self) -> str:
        """The key's did:key."""
        raw = jws.base64url_decode(json.loads(self.key.export_public())["x"])
        return "did:key:z" + base58.b58encode(b"\xed\x01" + raw).decode()

    def read(self, link: str) -> dict[str, Any]:
        """Fetch the offer that a link refers to."""
        (uri,) = parse_qs(urlsplit(link).query)["credential_offer_uri"]
        return self.http.get(uri).raise_for_status().json()

    def token(self, offer: dict[str, Any], pin: str) -> httpx.Response:
        """Ask for an access token with the PIN."""
        server = self._metadata(offer, "oauth-authorization-server")
        grant = offer["grants"][PRE_AUTHORIZED]
        form = {
            "grant_type": PRE_AUTHORIZED,
            "pre-authorized_code": grant["pre-authorized_code"],
            "tx_code": pin,
        }
        return self.http.post(server["token_endpoint"], data=form)

    def credential(self, offer: dict[str, Any], access_token: str) -> httpx.Response:
        """Prove the key and ask for the credential."""
        issuer = self._metadata(offer, "openid-credential-issuer")
        nonce = self.http.post(issuer["nonce_endpoint"]).raise_for_status().json()["c_nonce"]
        (configuration,) = offer["credential_configuration_ids"]
        proof = self._proof(audience=issuer["credential_issuer"], nonce=nonce)
        return self.http.post(
            issuer["credential_endpoint"],
            json={"credential_configuration_id": configuration, "proofs": {"jwt": [proof]}},
            headers={"Authorization": f"Bearer {access_token}"},
        )

    def _metadata(self, offer: dict[str, Any], kind: str) -> dict[str, Any]:
        return self.http.get(f"{offer['credential_issuer']}/.well-known/{kind}").raise_for_status().json()

    def _proof(self, *, audience: str, nonce: str) -> str:
        header = {
            "typ": "openid4vci-proof+jwt",
            "alg": "EdDSA",
            "kid": f"{self.did}#{self.did.removeprefix('did:key:')}",
        }
        claims = {"aud": audience, "iat": int(time.time()), "nonce": nonce}
        signed = jws.JWS(json.dumps(claims).encode())
        signed.add_signature(self.key, protected=json.dumps(header))
        return signed.serialize(compact=True)
