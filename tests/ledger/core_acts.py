"""Bodies of the actions and statements that change signers and keys, signed as their rules ask."""

from typing import Any

from crypto.keys import PrivateKey
from ledger.statements import key_possession
from tests.ledger.consortium import Consortium, Party, key


class Renewed(Party):
    """A party with the same DID and other keys, counted on where the old ones stopped."""

    @classmethod
    def of(cls, party: Party) -> "Renewed":
        return cls(party.name, party.roles, party.types, party.algorithm, dict(party.seq))

    def key(self, role: str) -> PrivateKey:
        return key(f"{self.name}/{role}/renewed", self.algorithm)


def validator_of(party: Party, seed: str = "") -> PrivateKey:
    """Return the consensus key of a party's node."""
    return key(f"{party.name}/validator{seed}")


def signer_set(
    ledger: Consortium,
    party: Party,
    *,
    receipt: PrivateKey | None = None,
    validator: PrivateKey | None = None,
    **changes: Any,
) -> list[Any]:
    """Return the action by which a party's node signs with these keys; without them it stops."""
    keys = {"receipt": receipt, "validator": validator}
    given = {role: None if each is None else each.public.cose_key for role, each in keys.items()}
    possession = {
        role: None
        if each is None
        else key_possession(each, chain_id=ledger.chain_id, did=party.did, role=role)
        for role, each in keys.items()
    }
    return ["signer.set", {"member": party.did, **given, "possession": possession, **changes}]


def joining(ledger: Consortium, party: Party, seed: str = "") -> list[Any]:
    """Return the action by which a party begins to sign with the receipt key of its admission."""
    return signer_set(ledger, party, receipt=party.key("receipt"), validator=validator_of(party, seed))


def rotation(
    ledger: Consortium, party: Party, role: str, new: PrivateKey, *, since: int | None = None, **changes: Any
) -> dict[str, Any]:
    """Return the body of key.rotate that puts another key in its place."""
    possession = key_possession(new, chain_id=ledger.chain_id, did=party.did, role=role)
    body = {"role": role, "value": new.public.cose_key, "possession": possession}
    return {**body, "compromised_since": since, **changes}


def lost(
    ledger: Consortium, party: Party, role: str, new: PrivateKey, *, since: int | None = None, **changes: Any
) -> list[Any]:
    """Return the action that puts another key in the place of a lost one."""
    return [
        "rotate-lost-key",
        {"did": party.did, **rotation(ledger, party, role, new, since=since), **changes},
    ]


def document(digest: bytes, *, since: int | None = None) -> dict[str, Any]:
    """Return the body of key.rotate that names another DID document."""
    return {"role": "document", "value": digest, "possession": None, "compromised_since": since}


def code_of(ledger: Consortium, action: list[Any]) -> str:
    """Return why a proposal of this action is refused."""
    body = {"action": action, "expires": ledger.now + 1000}
    return ledger.refuse(ledger.founder, "propose", body)


def decided(ledger: Consortium) -> None:
    """Let one of every decision about signers, keys, standing and rules happen; three members at least."""
    second, college = ledger.parties[1], Party("academy")
    ledger.make_issuer(college, 77)
    for action in (
        joining(ledger, second),
        signer_set(ledger, second, receipt=key("next receipt key")),
        lost(ledger, college, "submission", key("found"), since=ledger.now - 40 * 86_400),
        ["suspend-issuer", {"issuer": college.did, "from": ledger.now, "until": None}],
        ["suspend-issuer", {"issuer": college.did, "from": ledger.now, "until": ledger.now}],
        ["close-issuer", {"issuer": college.did}],
        ["params", {"numbers": 3}],
        ["upgrade", {"app_version": 2, "height": 1_000_000}],
        signer_set(ledger, second),
    ):
        assert ledger.status(ledger.decide(action)) == "done", action[0]
    ledger.accept(college, "key.rotate", document(b"\x07" * 32, since=ledger.now))
    ledger.accept(second, "schema.put", {"id": "https://w3id.org/vocred/schemas/x", "digest": bytes(32)})
