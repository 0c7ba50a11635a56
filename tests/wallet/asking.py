"""A body that asks wallets for certificates by signed OpenID4VP requests, honest unless told otherwise."""

import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote

from jwcrypto import jwk, jws

from crypto.keys import PrivateKey
from crypto.multibase import base64url_encode
from tests.wallet.doubles import NOW, College
from vc import data_integrity, dcql, did_key, openid4vp

ASKER = "did:web:xingheng.example"
URL = "https://xingheng.example"
NONCE, STATE = "n" * 43, "s" * 43


@dataclass
class Asker(College):
    """An issuer of the registry that also asks; it counts what reaches it, and checks what it is shown.

    ``changes`` alter the request's claims, ``header`` its header, and ``dropped`` leaves claims out.
    """

    did: str = ASKER
    url: str = URL
    number: int = 11
    names: dict = field(default_factory=lambda: {"zh": "星衡智能装备有限公司", "en": "Xingheng Equipment"})
    query: dict = field(default_factory=lambda: dcql.for_type("SkillLevelCertificate"))
    request_key: PrivateKey | None = None
    changes: dict = field(default_factory=dict)
    header: dict = field(default_factory=dict)
    dropped: tuple = ()
    media_type: str = openid4vp.REQUEST_MEDIA_TYPE
    gone: bool = False
    response_status: int = 200
    response_body: dict = field(default_factory=dict)
    heard: list = field(default_factory=list)
    fetched: list = field(default_factory=list)

    @property
    def link(self):
        return link(f"decentralized_identifier:{self.did}", f"{self.url}/requests/1")

    def request_object(self):
        honest = openid4vp.make_request(
            key=self.key,
            verification_method=f"{self.did}#key-1",
            response_uri=f"{self.url}/responses",
            nonce=NONCE,
            state=STATE,
            dcql_query=self.query,
            now=NOW,
        )
        if not (self.changes or self.header or self.dropped or self.request_key):
            return honest
        read = jws.JWS()
        read.deserialize(honest)
        claims = json.loads(read.objects["payload"]) | self.changes
        header = {"alg": "EdDSA", "typ": openid4vp.REQUEST_TYPE, "kid": f"{self.did}#key-1"} | self.header
        key = self.request_key or self.key
        made = jws.JWS(json.dumps({name: claims[name] for name in claims if name not in self.dropped}))
        private = jwk.JWK(**key.public.jwk, d=base64url_encode(key.to_bytes()))
        made.add_signature(private, protected=json.dumps(header))
        return made.serialize(compact=True)

    def answer(self, method, path, body, headers):
        if (method, path) == ("GET", "/requests/1"):
            if self.gone:
                return 404, "application/problem+json", b"{}"
            return 200, self.media_type, self.request_object().encode()
        if (method, path) == ("POST", "/requests/1"):
            asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            self.fetched.append(asked)
            self.changes = {"wallet_nonce": asked["wallet_nonce"], **self.changes}
            return 200, self.media_type, self.request_object().encode()
        if (method, path) == ("POST", "/responses"):
            assert headers["content-type"] == "application/x-www-form-urlencoded"
            self.heard.append({name: values[0] for name, values in parse_qs(body.decode()).items()})
            return self.response_status, "application/json", json.dumps(self.response_body).encode()
        return super().answer(method, path, body, headers)

    def shown(self):
        """Check the one response as a verifier has to, and return the credential in it."""
        (form,) = self.heard
        assert form["state"] == STATE
        answer = openid4vp.read_response(form, asked=["certificate"])
        ((presentation,),) = answer.presentations.values()
        (credential,) = presentation["verifiableCredential"]
        (proof,) = data_integrity.verify(
            presentation,
            resolve=lambda method, _purpose: did_key.resolve_method(method),
            purpose="authentication",
            now=NOW,
            challenge=NONCE,
            domain=f"decentralized_identifier:{self.did}",
        )
        assert proof.controller == presentation["holder"] == credential["credentialSubject"]["id"]
        dcql.check_answer(dcql.parse(self.query), {"certificate": [credential]})
        return credential


def link(client_id, request_uri, *, scheme="openid4vp://", **more):
    """Write a link that asks for a presentation."""
    parameters = {"client_id": client_id, "request_uri": request_uri, **more}
    return scheme + "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
