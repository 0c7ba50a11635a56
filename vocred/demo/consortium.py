"""The life of a credential on a ledger that its members run: four nodes, one of which stops in the middle.

The alliance begins with its own node. Every member that it admits makes a node from an invitation, tells
where it is, and is voted a signer; then a pin of all four is handed over, and the services start from it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx

from ledger.engines.cometbft import process
from ledger.proof.bundle import Bundle
from ledger.settings import CometSettings
from vocred.demo.chapter import VALID, expect
from vocred.demo.places import (
    ALLIANCE,
    ALLIANCE_NAMES,
    DESK,
    NODES,
    STOPPED,
    Institution,
    consortium_places,
)
from vocred.demo.story import Story
from vocred.demo.world import DemoError, Place, until
from web.errors import SettingsError


@dataclass
class ConsortiumStory(Story):
    """The life of a credential, on four nodes."""

    desk: str = DESK

    def places(self, *, first_port: int) -> dict[str, Place]:
        """Return the services, a node at each member, and the officers' desk."""
        named = os.environ.get("LEDGER_COMETBFT", "")
        try:
            process.binary(CometSettings(binary=named, p2p="", rpc="", peers=(), archive=False))
        except SettingsError as error:
            raise DemoError(f"{error}, or run `make cometbft`") from error
        return consortium_places(self.world.home, first_port=first_port)

    # --- the consortium -----------------------------------------------------------------------------

    def the_consortium_forms(self) -> None:
        """The alliance begins the ledger; members are admitted, join with their nodes and sign with them."""
        for place in self.world.places.values():
            place.home.mkdir(mode=0o700, exist_ok=True)
        began = self.world.run(
            "ledger", "ledger", "init", "--as", "alliance", "--did", ALLIANCE,
            "--name-zh", ALLIANCE_NAMES[0], "--name-en", ALLIANCE_NAMES[1],
            "--credit-code", "52990000MJ9999011A", "--role", "operator", "--delay", "0",
            "--desk", str(self.world.places[DESK].home), "--json",
        )  # fmt: skip
        self.world.start("ledger")
        self.say("the alliance held its key ceremony and began the ledger", began["protocol"])
        members = ["alliance"]
        for body in self.cast:
            self.make_governance_key(body)
            self.join(body, host=members[-1], mark=began["chain"])
            self.admit(body, members)
            members.append(body.place)
        self.all_sign(members)
        self.services_start()

    def found(self, body: Institution) -> None:
        """Make an institution's service; it votes already."""
        self.make_service(body)

    def join(self, body: Institution, *, host: str, mark: str) -> None:
        """Make a member's node from another's invitation; the public halves of its keys are handed over."""
        file, name = self.path(f"{body.place}.invitation"), NODES[body.place]
        self.world.run(NODES[host], "ledger", "invite", "--out", file, "--json")
        keys = self.path(f"{body.place}.keys.json")
        joined = self.world.run(
            name, "ledger", "join", file, "--did", body.did, "--ledger", mark, "--keys", keys, "--json"
        )
        self.write(f"{body.place}.keys.json", joined)
        place = self.world.places[name]
        self.world.places[name] = replace(place, environment={**place.environment, **joined["settings"]})
        self.world.write_environments()
        self.world.start(name)

    def all_sign(self, members: list[str]) -> None:
        """Every member says where its node is and is voted a signer; a pin of all of them is handed over."""
        for member in members:
            words = ("--node", self.url(NODES[member]), "--as", member, "--json")
            self.world.run(DESK, "ledger", "endpoint", *words)
        keys = [self.path(f"{member}.keys.json") for member in members[1:]]
        self.vote_all_in(members, [("signer.set", "--keys", file) for file in keys], proposers=["alliance"])
        until("the signature of every member", lambda: self._pinned() == len(members), pause=1.0)
        self.say("four members sign what they all computed", f"{self.url('ledger')}/explorer/epochs")

    def _pinned(self) -> int:
        """Write the pin of the present signers, and return how many they are."""
        pin = self.world.run(DESK, "ledger", "pin", self.path("pin"), "--json")
        return len(pin["signers"])

    def members_are_admitted(self) -> list[str]:
        """Return who votes: they were admitted before the services began."""
        return list(NODES)

    # --- looking ------------------------------------------------------------------------------------

    def verify_link(self, link: str, expected: str) -> Mapping[str, Any]:
        """Open a share; what is valid was written by several members, and the page says so."""
        report = super().verify_link(link, expected)
        if expected == VALID:
            expect("a single operator behind it", report["singleOperator"], False, report=report)
        return report

    # --- one node stops -----------------------------------------------------------------------------

    def bodies_recognise_one_another(self) -> None:
        """A node stops first, and the agreement is voted in by all the same."""
        self.world.stop(NODES[STOPPED], kill=True)
        super().bodies_recognise_one_another()
        self.three_of_four_signed()

    def three_of_four_signed(self) -> None:
        """The newest state carries three signatures of four, which is more than two thirds."""
        node = self.url("ledger")
        newest = Bundle.decode(httpx.get(f"{node}/v1/checkpoint", timeout=30).content)
        expect("signatures without the node that stopped", len(newest.signatures), len(NODES) - 1)
        self.say(
            "the enterprise's node is down: three of four members signed, and everything goes on",
            f"{node}/explorer/blocks/{newest.head_inclusion.size}",
        )

    def an_issuer_goes_dark(self) -> None:
        """After the last act the node comes back, and fetches what it missed."""
        super().an_issuer_goes_dark()
        name = NODES[STOPPED]
        self.world.start(name)
        until("the node that came back", lambda: self._size(name) >= self._size("ledger"), seconds=60)
        self.say("the enterprise's node is back and has caught up", f"{self.url(name)}/explorer")

    def _size(self, name: str) -> int:
        answer = httpx.get(f"{self.url(name)}/v1/checkpoint", timeout=30)
        return Bundle.decode(answer.content).head_inclusion.size if answer.status_code == 200 else 0
