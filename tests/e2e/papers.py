"""What honest people have in their hands: certificates on paper, in a wallet and in a share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.e2e.faults import Town, graduates
from vc import shares

ACCOUNT = "zheng"
ROWS, CLAIMS = 40, 3


@dataclass(frozen=True)
class Papers:
    """What honest people have in their hands.

    Attributes:
        town: The services, all up.
        codes: Printed codes, with the records' ids.
        held: Certificates in a wallet, bound to the holder's key.
        share: The body that a page posts for an opened share.
        spare: Records that are in nobody's wallet, with their printed codes.
    """

    town: Town
    codes: tuple[str, ...]
    held: tuple[Mapping[str, Any], ...]
    share: Mapping[str, Any]
    spare: tuple[tuple[str, str], ...]


def hand_out(town: Town) -> Papers:
    """Issue, claim and share; the town has a wallet and a verifier."""
    made = town.issue(graduates(0, ROWS))
    sheets = town.world.run("college", "issuer", "print", made["batch"], "--as", "han", "--json")
    pairs = [(sheet["record"], sheet["code"]) for sheet in sheets["certificates"]]
    held = [_claim(town, record) for record, _ in pairs[:CLAIMS]]
    town.settle()
    words = ("wallet", "share", held[0]["id"], "--account", ACCOUNT, "--json")
    return Papers(
        town=town,
        codes=tuple(code for _, code in pairs[CLAIMS:-2]),
        held=tuple(each["credentials"][0]["credential"] for each in held),
        share=_open_share(town, town.world.run("wallet", *words)["link"]),
        spare=tuple(pairs[-2:]),
    )


def _claim(town: Town, record: str) -> Mapping[str, Any]:
    slip = town.world.run("college", "issuer", "offer", record, "--as", "han", "--json")
    words = ("accept", slip["slip"], "--tx-code", slip["tx_code"], "--account", ACCOUNT, "--json")
    held: Mapping[str, Any] = town.world.run("wallet", "wallet", *words)
    return held


def _open_share(town: Town, text: str) -> Mapping[str, Any]:
    """Do what the verifier's page does with a link: fetch the sealed package and open it."""
    link = shares.parse_link(text)
    answer = httpx.post(
        f"{town.url('wallet')}/shares/{link.share_id}/open", json={"token": link.token}, trust_env=False
    )
    assert answer.status_code == 200, answer.text
    package = shares.open_package(answer.content, key=link.key, share_id=link.share_id)
    return {"share": {"id": link.share_id, "package": httpx.Response(200, content=package).json()}}
