"""Small real doubles of what a wallet talks to: a registry, and an OpenID4VCI issuer that signs real
credentials.

The registry proves nothing, it only answers; the issuer keeps to the protocol, counts what it is asked, and
can be told to misbehave in one way at a time. Both are plain objects in the process, reached through
``Network`` as the fetcher.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

from jwcrypto import jwk, jws

from crypto import jcs
from crypto.keys import PrivateKey
from ledger.client import LedgerUnavailableError
from ledger.proof.errors import ReceiptError
from ledger.proof.verify import Snapshot
from ledger.registry import grant_key, grants_key, issuer_key, member_key, number_key, status_key
from schemas.catalogue import CATALOGUE
from vc import (
    bitstring,
    credentials,
    data_integrity,
    did_key,
    did_web,
    form_store,
    notices,
    printed_code,
    status,
)
from vc.did_web import KeyEntry
from vc.notices import Notice
from web.errors import FetchError, FetchLimitError
from web.fetcher import Response

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
COLLEGE = "did:web:yunling.edu.example"
BODY = "did:web:huaheng.example"


class Registry:
    """The ledger as the wallet sees it: values under keys, agreements, receipts."""

    def __init__(self):
        self.values = {}
        self.silent = False
        self.good_receipts = {}
        self.in_force = []
        self.asked = 0

    def snapshot(self, keys, *, now):
        self.asked += 1
        if self.silent:
            raise LedgerUnavailableError("the ledger node does not answer")
        values = {key: self.values.get(key) for key in keys}
        checkpoint = SimpleNamespace(time=now, single_operator=True, size=9, root=bytes(32))
        return Snapshot(checkpoint=checkpoint, values=values), b"snapshot of %d keys" % len(values)

    def registry(self):
        if self.silent:
            raise LedgerUnavailableError("the ledger node does not answer")
        listed = [
            {"did": key[1], "urls": value["urls"]} for key, value in self.values.items() if key[0] == "issuer"
        ]
        return {"issuers": listed}

    def agreements(self, *, now):
        if self.silent:
            raise LedgerUnavailableError("the ledger node does not answer")
        return self.in_force

    def agreement_keys(self, *, now):
        return [("agreement", record.agreement_id) for record, _ in self.in_force]

    def verify_receipt(self, bundle, *, digest, issuer_id, credential_type, now):
        if self.good_receipts.get(bundle) != digest:
            raise ReceiptError("the receipt does not check")
        return SimpleNamespace(time_of_issue=now - 60, single_operator=True)

    def admit(self, did, *, zh, en):
        governance = PrivateKey.generate("Ed25519").public.cose_key
        self.values[member_key(did)] = {
            "names": {"zh": zh, "en": en},
            "code": "9133000012345678XX",
            "roles": ["college"],
            "types": [],
            "governance": governance,
            "submission": None,
            "receipt": None,
            "since": 1,
        }


class Network:
    """A fetcher whose hosts are objects in the process; it counts and can lose hosts."""

    def __init__(self):
        self.hosts = {}
        self.requests = []
        self.away = set()

    def get(self, url, *, max_bytes=1 << 20, accept="*/*", headers=None):
        return self._ask("GET", url, None, headers, max_bytes)

    def post(
        self, url, *, json=None, body=None, content_type=None, max_bytes=1 << 20, accept="*/*", headers=None
    ):
        if body is None:
            body, content_type = jcs.canonicalize(json), "application/json"
        return self._ask(
            "POST", url, body, {**(headers or {}), "content-type": content_type or ""}, max_bytes
        )

    def _ask(self, method, url, body, headers, max_bytes):
        self.requests.append((method, url))
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.netloc}"
        if host in self.away or host not in self.hosts:
            raise FetchError("the connection failed")
        found = self.hosts[host].answer(method, parts.path, body, headers or {})
        code, kind, content = found
        if len(content) > max_bytes:
            raise FetchLimitError("the answer is too large")
        return Response(status=code, headers={"content-type": kind}, body=content, url=url)


@dataclass
class Slip:
    """One certificate waiting to be claimed."""

    code: str
    pin: str
    kind: str = "SkillLevelCertificate"
    tries: int = 5
    form: dict | None = None
    bound_to: str | None = None


@dataclass
class College:
    """An issuer with one kind of slip, honest unless a knob says otherwise."""

    registry: Registry
    did: str = COLLEGE
    url: str = "https://yunling.edu.example"
    number: int = 7
    names: dict = field(
        default_factory=lambda: {"zh": "云岭示范职业技术学院", "en": "Yunling Demonstration College"}
    )
    key: PrivateKey = field(default_factory=lambda: PrivateKey.generate("Ed25519"))
    signs_with: PrivateKey | None = None
    binds_to: str | None = None
    alters: dict = field(default_factory=dict)
    metadata_changes: dict = field(default_factory=dict)
    server_changes: dict = field(default_factory=dict)
    refuses_nonces: int = 0
    dies_after_signing: bool = False
    revoked: dict = field(default_factory=dict)
    slips: dict = field(default_factory=dict)
    offers: dict = field(default_factory=dict)
    tokens: dict = field(default_factory=dict)
    nonces: set = field(default_factory=set)
    receipts: dict = field(default_factory=dict)
    told: list = field(default_factory=list)
    signed: int = 0
    version: int = 0
    published: dict = field(default_factory=dict)

    def __post_init__(self):
        entry = KeyEntry(fragment="key-1", public_key=self.key.public)
        self.document = jcs.canonicalize(did_web.document(self.did, keys=[entry]))
        self.register()
        self.publish()

    # --- the registry's view

    def register(self, *, types=("SkillLevelCertificate", "GraduationCertificate")):
        key = PrivateKey.generate("Ed25519").public.cose_key
        self.registry.values[issuer_key(self.did)] = {
            "number": self.number,
            "document": hashlib.sha256(self.document).digest(),
            "submission": key,
            "governance": key,
            "names": self.names,
            "urls": {"claims": self.url, "store": f"{self.url}/store", "lists": f"{self.url}/status"},
            "since": 1,
            "suspensions": [],
            "compromised": [],
            "closed": None,
        }
        self.registry.values[number_key(self.number)] = self.did
        self.registry.values[grants_key(self.did)] = [["urn:chain", kind] for kind in types]
        for kind in types:
            self.registry.values[grant_key("urn:chain", self.did, kind)] = {"from": 1, "until": None}

    def publish(self):
        """Publish list and notices as a new version, and put their digests on the registry."""
        self.version += 1
        start, end = NOW - timedelta(days=1) + timedelta(seconds=self.version), NOW + timedelta(days=365)
        unsigned = status.list_credential(
            list_url=self.list_url,
            issuer=self.did,
            encoded_list=bitstring.encode(bitstring.with_set(self.revoked)),
            valid_from=start,
            valid_until=end,
        )
        told = notices.seal(
            {index: (entry_id, notice) for index, (entry_id, notice) in self.revoked.items()},
            issuer=self.did,
            version=self.version,
            valid_from=start,
            valid_until=end,
            nonce=lambda: hashlib.sha256(b"nonce%d" % self.version).digest()[:12],
        )
        self.published = {
            "/status/1": jcs.canonicalize(self._sign(unsigned, self.key)),
            "/status/1/notices": told,
        }
        for path, content in self.published.items():
            self.registry.values[status_key(self.did, self.url + path)] = {
                "version": self.version,
                "digest": hashlib.sha256(content).digest(),
                "from": int(start.timestamp()),
                "until": int(end.timestamp()),
            }

    @property
    def list_url(self):
        return f"{self.url}/status/1"

    # --- what an officer does

    def hand_out(self, pin="123456", kind="SkillLevelCertificate"):
        """Make a slip and give its claim code."""
        random = hashlib.sha256(b"slip%d" % len(self.slips)).digest()
        code = printed_code.make(self.number, random=random, purpose="claim").text
        self.slips[code] = Slip(code, pin, kind)
        return code

    def offer(self, code):
        """Mint an offer for a slip, as the landing page would."""
        offer_id = f"offer-{len(self.offers)}"
        self.offers[offer_id] = code
        return f"{self.url}/offers/{offer_id}"

    def revoke(self, credential, *, kind="revoked", reason="录入错误更正"):
        entry = status.parse_entry(credential["credentialStatus"])
        self.revoked[entry.index] = (entry.entry_id, Notice(kind=kind, reason=reason, date="2026-11-20"))
        self.publish()

    def anchor(self, credential):
        """Put a receipt of a form into the store."""
        digest = credentials.digest(credential)
        bundle = b"receipt of " + digest
        self.registry.good_receipts[bundle] = digest
        locator, _ = form_store.receipt_locator(digest)
        self.receipts[locator] = form_store.seal_receipt(bundle, form_digest=digest, nonce=digest[:12])
        return bundle

    # --- HTTP

    def answer(self, method, path, body, headers):
        if method == "GET":
            return self._get(path)
        if path == "/claims/offers":
            return self._mint(json.loads(body))
        if path == "/nonce":
            nonce = f"nonce-{len(self.nonces)}"
            self.nonces.add(nonce)
            return _json(200, {"c_nonce": nonce})
        if path == "/token":
            return self._token({name: values[0] for name, values in parse_qs(body.decode()).items()})
        if path == "/notification":
            self.told.append(json.loads(body))
            return 204, "", b""
        if path == "/credential":
            return self._credential(json.loads(body), headers.get("authorization", ""))
        return _json(404, {"code": "NOT_FOUND"})

    def _get(self, path):
        if path == "/.well-known/openid-credential-issuer":
            return _json(200, self.metadata())
        if path == "/.well-known/oauth-authorization-server":
            return _json(
                200, {"issuer": self.url, "token_endpoint": f"{self.url}/token", **self.server_changes}
            )
        if path.startswith("/offers/") and path.removeprefix("/offers/") in self.offers:
            return _json(200, self.offer_document(path.removeprefix("/offers/")))
        if path in ("/.well-known/did.json", f"/store/documents/{hashlib.sha256(self.document).hexdigest()}"):
            return 200, "application/did+json", self.document
        if path in self.published:
            return 200, "application/vc", self.published[path]
        if path == "/store/index":
            index = form_store.index(
                issuer=self.did, version=1, valid_from=NOW, valid_until=None, prefix_bits=0, buckets={}
            )
            return 200, "application/json", index
        if path == "/store/receipts/0/0":
            return 200, "application/cbor", form_store.encode_bucket(self.receipts.items())
        return _json(404, {"code": "NOT_FOUND"})

    def metadata(self):
        configurations = {
            f"{kind}_ldp_vc": {
                "format": "ldp_vc",
                "cryptographic_binding_methods_supported": ["did:key"],
                "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": ["EdDSA", "ES256"]}},
                "credential_definition": {
                    "@context": [],
                    "type": ["VerifiableCredential", "OpenBadgeCredential", kind],
                },
                "credential_metadata": {"display": [{"name": "证书", "locale": "zh-CN"}]},
            }
            for kind in CATALOGUE
        }
        return {
            "credential_issuer": self.url,
            "credential_endpoint": f"{self.url}/credential",
            "nonce_endpoint": f"{self.url}/nonce",
            "notification_endpoint": f"{self.url}/notification",
            "credential_configurations_supported": configurations,
            "display": [{"name": "名不副实的大学", "locale": "zh-CN"}],
            **self.metadata_changes,
        }

    def offer_document(self, offer_id):
        slip = self.slips[self.offers[offer_id]]
        return {
            "credential_issuer": self.url,
            "credential_configuration_ids": [f"{slip.kind}_ldp_vc"],
            "grants": {
                "urn:ietf:params:oauth:grant-type:pre-authorized_code": {
                    "pre-authorized_code": offer_id,
                    "tx_code": {"input_mode": "numeric", "length": 6},
                }
            },
        }

    def _mint(self, body):
        slip = self.slips.get(body.get("claim_code"))
        if slip is None:
            return _json(404, {"code": "CLAIM_CODE_UNKNOWN"})
        if slip.form is not None:
            return _json(410, {"code": "SLIP_USED", "claimed_at": int(NOW.timestamp())})
        if slip.tries == 0:
            return _json(410, {"code": "SLIP_LOCKED"})
        return _json(201, {"credential_offer_uri": self.offer(slip.code), "credential_issuer": self.url})

    def _token(self, form):
        slip = self.slips.get(self.offers.get(form.get("pre-authorized_code"), ""))
        if slip is None or slip.form is not None or slip.tries == 0:
            return _json(400, {"error": "invalid_grant", "error_description": "the code is unknown or used"})
        if form.get("tx_code") != slip.pin:
            slip.tries -= 1
            left = f"the tx_code is wrong, {slip.tries} tries left"
            return _json(400, {"error": "invalid_grant", "error_description": left})
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = slip
        return _json(200, {"access_token": token, "token_type": "Bearer", "expires_in": 300})

    def _credential(self, body, authorization):
        slip = self.tokens.get(authorization.removeprefix("Bearer "))
        if slip is None:
            return _json(401, {"error": "invalid_token"})
        holder, nonce = check_key_proof(body["proofs"]["jwt"][0], audience=self.url)
        if nonce not in self.nonces or self.refuses_nonces:
            self.refuses_nonces = max(0, self.refuses_nonces - 1)
            return _json(400, {"error": "invalid_nonce"})
        self.nonces.discard(nonce)
        if slip.bound_to not in (None, holder):
            return _json(400, {"error": "credential_request_denied"})
        if slip.form is None:
            slip.form, slip.bound_to = self.sign_form(slip.kind, holder), holder
        if self.dies_after_signing:
            raise FetchError("the connection failed")
        return _json(200, {"credentials": [{"credential": slip.form}], "notification_id": "told-1"})

    def sign_form(self, kind, holder):
        self.signed += 1
        form = CATALOGUE[kind].example()
        form |= {"id": f"urn:uuid:00000000-0000-4000-8000-{self.signed:012}"}
        form["issuer"] |= {"id": self.did, "name": "别人取的名字"}
        form["credentialSubject"]["id"] = self.binds_to or holder
        form["credentialStatus"] = status.entry(
            list_url=self.list_url,
            index=40 + self.signed,
            entry_id=f"urn:uuid:00000000-0000-4000-9000-{self.signed:012}",
        )
        return self._sign(form | self.alters, self.signs_with or self.key)

    def _sign(self, document, key):
        return data_integrity.sign(
            document, key=key, verification_method=f"{self.did}#key-1", created=NOW - timedelta(hours=1)
        )


def check_key_proof(text, *, audience):
    """Check a key proof as an issuer has to, and give the holder's DID and the nonce."""
    token = jws.JWS()
    token.deserialize(text)
    header = json.loads(token.objects["protected"])
    assert header["typ"] == "openid4vci-proof+jwt"
    assert set(header) == {"alg", "typ", "kid"}
    holder = header["kid"].partition("#")[0]
    token.verify(jwk.JWK(**did_key.public_key(holder).jwk), alg=header["alg"])
    claims = json.loads(token.payload)
    assert claims["aud"] == audience
    assert "iss" not in claims
    assert abs(claims["iat"] - NOW.timestamp()) < 24 * 3600
    return holder, claims["nonce"]


def _json(code, document):
    kind = "application/json" if code < 400 or "error" in document else "application/problem+json"
    return code, kind, json.dumps(document).encode()
