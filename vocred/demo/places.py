"""Who plays in the demo: fictitious institutions, their services, ports and settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vocred.demo.world import Place

SAMPLES = Path(__file__).parent / "samples"
FIRST_PORT = 8700
ALLIANCE = "did:web:alliance.example"
ALLIANCE_NAMES = ("云岭职教联盟运营中心", "Yunling Alliance Operation Centre")
MAKER, SECOND = "han", "shen"
ACCREDITED_SINCE = "2025-03-01"


@dataclass(frozen=True)
class Institution:
    """A body of the story, as it introduces itself to the consortium."""

    place: str
    did: str
    name: str
    name_en: str
    credit_code: str
    role: str
    credential_type: str
    file: str = ""
    institution_code: str | None = None
    also: tuple[str, ...] = ()

    @property
    def may_issue(self) -> tuple[str, ...]:
        """Every type for which it is accredited."""
        return (self.credential_type, *self.also)


COLLEGE = Institution(
    "college",
    "did:web:yunling.edu.example",
    "云岭示范职业技术学院",
    "Yunling Demonstration Vocational and Technical College",
    "12990000MB9999013F",
    "college",
    "GraduationCertificate",
    "clean_graduates_2026_utf8bom.csv",
    "99901",
)
ENTERPRISE = Institution(
    "enterprise",
    "did:web:xingheng.example",
    "星衡智能装备有限公司（虚构）",
    "Xingheng Intelligent Equipment Co., Ltd. (fictitious)",
    "91990000MA9999024X",
    "enterprise",
    "SkillLevelCertificate",
    "clean_enterprise_2026_utf8.csv",
)
BODY = Institution(
    "body",
    "did:web:huaheng-skills.example",
    "华衡职业技能评价中心（虚构）",
    "Huaheng Vocational Skill Evaluation Centre (fictitious)",
    "52990000MJ9999035P",
    "certificateBody",
    "SkillLevelCertificate",
    "clean_skill_1x_2026.xlsx",
)
INSTITUTIONS = (COLLEGE, ENTERPRISE, BODY)
"""Who plays in the life of a credential."""

SECOND_BODY = Institution(
    "secondbody",
    "did:web:mingjiang-skills.example",
    "明江职业技能评价中心（虚构）",
    "Mingjiang Vocational Skill Evaluation Centre (fictitious)",
    "52990000MJ9999046F",
    "certificateBody",
    "SkillLevelCertificate",
)
BANK = Institution(
    "bank",
    "did:web:creditbank.yunling.example",
    "云岭学分银行（虚构）",
    "Yunling Credit Bank (fictitious)",
    "12990000MB9999057J",
    "creditBank",
    "CreditRecord",
)
RECOGNITION_CAST = (
    replace(COLLEGE, also=("ApprenticeshipRecord",)),
    replace(ENTERPRISE, also=("MicroCredential",)),
    BODY,
    SECOND_BODY,
    BANK,
)
"""Who plays in the chapter of recognition."""

MEMBERS = ("alliance", "college", "enterprise", "body")

ACCOUNTS = {"college": "zheng", "enterprise": "shi", "body": "qian"}
"""The wallets of the three holders."""

OFFICERS = {MAKER: "registrar-han-2026", SECOND: "second-officer-shen-2026"}
PASSPHRASES: Mapping[str, str] = {
    **{f"LEDGER_PASSPHRASE_{member.upper()}": f"governance-of-{member}-2026" for member in MEMBERS},
    **{f"ISSUER_PASSPHRASE_{name.upper()}": phrase for name, phrase in OFFICERS.items()},
    "ISSUER_GOVERNANCE_PASSPHRASE": "the members' own hand 2026",
    "WALLET_PASSPHRASE": "moon over the river 2026",
}
"""What people would type. They open nothing but this demo, which starts afresh each time."""


def places(
    home: Path,
    *,
    first_port: int = FIRST_PORT,
    anchor_seconds: int = 2,
    cast: Sequence[Institution] = INSTITUTIONS,
) -> dict[str, Place]:
    """Return the demo's services by name, with their settings.

    Args:
        home: The demo's directory.
        first_port: The ledger's port; the others follow.
        anchor_seconds: How long an issuer collects digests before it anchors them.
        cast: The institutions that run an issuer.
    """
    names = ("ledger", *(body.place for body in cast), "wallet", "verifier")
    urls = {name: f"http://127.0.0.1:{first_port + index}" for index, name in enumerate(names)}
    pin = str(home / "ledger" / "pin")
    issuers = {body.place for body in cast}

    def place(name: str) -> Place:
        kind = "issuer" if name in issuers else name
        prefix = kind.upper()
        own = {
            f"{prefix}_HOME": str(home / name),
            f"{prefix}_URL": urls[name],
            f"{prefix}_PORT": urls[name].rpartition(":")[2],
            f"{prefix}_INSECURE_LOOPBACK": "1",
        }
        if kind != "ledger":
            own |= {f"{prefix}_LEDGER_URL": urls["ledger"], f"{prefix}_LEDGER_PIN": pin}
        if kind in {"issuer", "wallet"}:
            own[f"{prefix}_VERIFIER_URL"] = urls["verifier"]
        if kind == "issuer":
            own |= {"ISSUER_WALLET_URL": urls["wallet"], "ISSUER_ANCHOR_SECONDS": str(anchor_seconds)}
        return Place(name, kind, first_port + names.index(name), home / name, own | PASSPHRASES)

    return {name: place(name) for name in names}


NODES = {
    "alliance": "ledger",
    "college": "college-node",
    "enterprise": "enterprise-node",
    "body": "body-node",
}
"""The members' nodes in the demo of a consortium, by the member."""

STOPPED = "enterprise"
"""The member whose node stops in the middle."""

DESK = "desk"
"""Where the officers of that demo type their commands, with their sealed keys, apart from every node."""


def consortium_places(home: Path, *, first_port: int = FIRST_PORT) -> dict[str, Place]:
    """Return the services of the life chapter with a node at each member, and the officers' desk.

    Args:
        home: The demo's directory.
        first_port: The first node's port; the others follow, then what the nodes need among themselves.
    """
    found = places(home, first_port=first_port)
    later = first_port + len(found)
    http = dict(zip(NODES.values(), (first_port, later, later + 1, later + 2), strict=True))
    between = dict(zip(NODES.values(), range(later + 3, later + 11, 2), strict=True))
    pin = str(home / "pin")

    def nodes(first: str) -> str:
        """Name all nodes, the one that is asked before the others first."""
        order = [first, *(name for name in http if name != first)]
        return ",".join(f"http://127.0.0.1:{http[name]}" for name in order)

    def follows(place: Place) -> Place:
        prefix = place.kind.upper()
        # A member's service asks its member's node; whoever has none, the one that will stop.
        asked = nodes(NODES.get(place.name, NODES[STOPPED]))
        own = {f"{prefix}_LEDGER_URL": asked, f"{prefix}_LEDGER_PIN": pin}
        return replace(place, environment={**place.environment, **own})

    def node(name: str) -> Place:
        own = {
            "LEDGER_HOME": str(home / name),
            "LEDGER_URL": f"http://127.0.0.1:{http[name]}",
            "LEDGER_PORT": str(http[name]),
            "LEDGER_INSECURE_LOOPBACK": "1",
            "LEDGER_ENGINE": "cometbft",
            "LEDGER_P2P": f"127.0.0.1:{between[name]}",
            "LEDGER_RPC": f"127.0.0.1:{between[name] + 1}",
        }
        more = (between[name], between[name] + 1)
        return Place(name, "ledger", http[name], home / name, own | PASSPHRASES, more)

    typed = {"LEDGER_HOME": str(home / DESK), "LEDGER_URL": nodes(NODES["alliance"])}
    return {
        **{name: node(name) for name in NODES.values()},
        **{name: follows(place) for name, place in found.items() if place.kind != "ledger"},
        DESK: Place(DESK, "", 0, home / DESK, typed | PASSPHRASES),
    }
