"""Shares: chosen certificates, behind a link that only its receiver can open.

    share    sign the presentation for one verifier, id and end; gather what proves it; seal it
    open     the verifier's server shows a token that comes out of the link's fragment, and gets the bytes
    close    erase the bytes; the link then says that it was closed

The service keeps a blob that it cannot open while nobody is logged in: the key lies in the link's fragment,
and a copy of it, for showing the link again, under the holder's data key. What stands beside the blob in
the clear are times and counts. A share's id and a wrong token look the same from outside as an id that
never was.

Spec: ARCHITECTURE.md, "A share"; vc.shares.
"""

import hmac
import json
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import urlsplit

from sqlite_utils import Database

from ledger.errors import LedgerError
from ledger.registry import StateKey, issuer_key, member_key, members_key, number_key
from vc import credentials, data_integrity, did_key, endorsements, limits, shares
from vc.errors import ShareError as MalformedShareError
from vc.errors import VcError
from vc.shares import Package
from wallet import holding, statuses, store
from wallet.accounts import Wallet
from wallet.errors import CannotCheckError, ShareClosedError, ShareError, ShareExpiredError, ShareUnknownError
from wallet.holding import Held
from wallet.parts import Parts
from wallet.vault import NONCE_BYTES
from web.database import transaction

DAYS = (1, 30, 180)
USUAL_DAYS = 30
LONGEST_LABEL = 60
MOST_CERTIFICATES = limits.PROOFS
"""Every certificate is bound to a key of its own, each key signs, and a document carries no more proofs."""

ShareState = Literal["open", "expired", "closed"]


@dataclass(frozen=True)
class Share:
    """One share as its holder sees it.

    Attributes:
        share_id: Its id.
        label: For whom it is, in the holder's words.
        titles: What the shared certificates are called, by language.
        link: The link itself.
        made_at: When it was made.
        ends_at: Until when it opens.
        state: open, expired or closed.
        opened: How often it was opened.
        opened_at: When it was opened last, or None.
    """

    share_id: str
    label: str
    titles: tuple[dict[str, str], ...]
    link: str = field(repr=False)
    made_at: datetime
    ends_at: datetime
    state: ShareState
    opened: int
    opened_at: datetime | None


def present(
    db: Database,
    wallet: Wallet,
    credential_ids: list[str],
    *,
    label: str,
    days: int,
    parts: Parts,
    now: datetime,
) -> Share:
    """Share certificates by a link.

    Args:
        db: The wallet's database.
        wallet: The holder's wallet, open.
        credential_ids: The chosen certificates.
        label: For whom it is; seen by the holder alone.
        days: 1, 30 or 180.
        parts: The collaborators.
        now: The time.

    Returns:
        The share, with its link.

    Raises:
        ShareError: The choice, the label or the days cannot be.
        NothingThereError: The wallet does not hold one of the certificates.
    """
    chosen = _chosen(db, wallet, credential_ids, now=now)
    if days not in DAYS:
        raise ShareError("a share is open for 1, 30 or 180 days")
    shown = _label(label)
    share_id = shares.new_id(parts.settings.tag, random=parts.random(shares.RANDOM_BYTES))
    key = parts.random(shares.KEY_BYTES)
    ends_at = (now + timedelta(days=days)).replace(microsecond=0)
    presentation = _presentation(chosen, share_id=share_id, ends_at=ends_at, parts=parts, now=now)
    package = shares.encode_package(_package(db, wallet, chosen, presentation, parts=parts, now=now))
    blob = shares.seal_package(package, key=key, share_id=share_id, nonce=parts.random(NONCE_BYTES))
    content = {"label": shown, "key": key.hex(), "titles": [_titles(item) for item in chosen]}
    with transaction(db):
        store.add_share(
            db,
            {
                "id": share_id,
                "account": wallet.account_id,
                "token_hash": _token_hash(shares.token(key)),
                "blob": blob,
                "sealed": wallet.vault.seal(content, kind="share", row=share_id, random=parts.random),
                "made_at": int(now.timestamp()),
                "ends_at": int(ends_at.timestamp()),
                "closed_at": None,
                "opened": 0,
                "opened_at": None,
            },
            [item.credential_id for item in chosen],
        )
    return one(db, wallet, share_id, parts=parts, now=now)


def pair(held: list[Held]) -> tuple[Held, Held] | None:
    """Find the two certificates that employers ask for together: schooling and skill, the newest of each.

    Args:
        held: What the wallet holds.

    Returns:
        Both, or None where one of them is missing or no longer good.
    """
    found: dict[str, Held] = {}
    for item in sorted(held, key=_awarded, reverse=True):
        if item.facts.group in {"education", "skill"} and item.status.kind not in {"revoked", "withdrawn"}:
            found.setdefault(item.facts.group, item)
    return (found["education"], found["skill"]) if len(found) == 2 else None


def _awarded(item: Held) -> datetime:
    return item.facts.awarded or item.received_at


def made(db: Database, wallet: Wallet, *, parts: Parts, now: datetime) -> list[Share]:
    """List the shares of a wallet, newest first."""
    return [_share(row, wallet, parts=parts, now=now) for row in store.shares(db, wallet.account_id)]


def one(db: Database, wallet: Wallet, share_id: str, *, parts: Parts, now: datetime) -> Share:
    """Give one share.

    Raises:
        NothingThereError: The wallet made no such share.
    """
    return _share(store.share(db, wallet.account_id, share_id), wallet, parts=parts, now=now)


def of_credential(
    db: Database, wallet: Wallet, credential_id: str, *, parts: Parts, now: datetime
) -> list[Share]:
    """List the shares that hold one certificate, newest first."""
    rows = store.shares_of(db, wallet.account_id, credential_id)
    return [_share(row, wallet, parts=parts, now=now) for row in rows]


def close(db: Database, wallet: Wallet, share_id: str, *, now: datetime) -> None:
    """Close a share for good. Copies that somebody made of what it showed stay where they are.

    Raises:
        NothingThereError: The wallet made no such share.
    """
    store.share(db, wallet.account_id, share_id)
    with transaction(db):
        store.close_share(db, wallet.account_id, share_id, now=int(now.timestamp()))


def open_share(db: Database, share_id: str, *, token: object, now: datetime) -> bytes:
    """Hand out a share's sealed bytes to whoever has its link, and count it.

    Args:
        db: The wallet's database.
        share_id: The id from the link.
        token: What comes out of the link's fragment.
        now: The time.

    Returns:
        The sealed package; only the fragment opens it.

    Raises:
        ShareUnknownError: There is no such share, or the token is not its own; nothing is counted.
        ShareExpiredError: It is over.
        ShareClosedError: Its holder closed it, or deleted what it showed.
    """
    row = _row_to_open(db, share_id)
    # The comparison is made in every case, so that the time of the answer tells nothing about the id.
    expected = row["token_hash"] if row else bytes(sha256().digest_size)
    if not hmac.compare_digest(expected, _token_hash(token if isinstance(token, str) else "")) or row is None:
        raise ShareUnknownError("there is no such share")
    if row["closed_at"] is not None:
        raise ShareClosedError("its holder closed the share")
    if row["ends_at"] < int(now.timestamp()) or row["blob"] is None:
        raise ShareExpiredError("the share has expired")
    with transaction(db):
        store.count_opening(db, share_id, now=int(now.timestamp()))
    blob: bytes = row["blob"]
    return blob


def _row_to_open(db: Database, share_id: str) -> store.Row | None:
    try:
        return store.share_to_open(db, shares.check_id(share_id))
    except (MalformedShareError, ShareUnknownError):
        return None


def _token_hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()


def _chosen(db: Database, wallet: Wallet, credential_ids: list[str], *, now: datetime) -> list[Held]:
    wanted = list(dict.fromkeys(credential_ids))
    if not 0 < len(wanted) <= MOST_CERTIFICATES:
        raise ShareError(f"a share holds 1 to {MOST_CERTIFICATES} certificates")
    return [holding.one(db, wallet, credential_id, now=now) for credential_id in wanted]


def _titles(item: Held) -> dict[str, str]:
    named = item.facts.title or ""
    return {"zh-CN": named, "en": holding.type_names(item.facts).get("en", named)}


def _label(label: str) -> str:
    shown = " ".join(unicodedata.normalize("NFC", label).split())
    if len(shown) > LONGEST_LABEL or not shown.isprintable():
        raise ShareError(f"a label has at most {LONGEST_LABEL} printable characters")
    return shown


def _presentation(
    chosen: list[Held], *, share_id: str, ends_at: datetime, parts: Parts, now: datetime
) -> dict[str, Any]:
    """Sign the presentation, once with each key that a shared certificate is bound to.

    The proofs are a set, not a chain: each signs the same presentation, and says that its key agreed to
    this share.
    """
    keys = {did_key.did(item.key.public): item.key for item in chosen}
    signed = shares.presentation([item.credential for item in chosen], holder=next(iter(keys)))
    for key in keys.values():
        signed = data_integrity.sign(
            signed,
            key=key,
            verification_method=did_key.verification_method(key.public),
            purpose="authentication",
            created=now,
            challenge=share_id,
            domain=_origin(parts.settings.verifier_url),
            expires=ends_at,
        )
    return signed


def _package(
    db: Database,
    wallet: Wallet,
    chosen: list[Held],
    presentation: dict[str, Any],
    *,
    parts: Parts,
    now: datetime,
) -> Package:
    """Gather what proves the certificates, so that the share can be checked while their issuers are away.

    What cannot be had now is left out: the verifier then looks for it itself.
    """
    lists: dict[str, dict[str, Any]] = {}
    notices: dict[str, dict[str, Any]] = {}
    documents: dict[bytes, bytes] = {}
    keys: dict[StateKey, None] = {}
    receipts = {credentials.digest(item.credential): item.receipt for item in chosen}
    # What an enterprise endorsed rests on its keys and its list as well.
    proved = [(item, each) for item in chosen for each in (item.credential, *_endorsed(item.credential))]
    for item, credential in proved:
        try:
            found, known, document = holding.standing(credential, parts=parts, now=now)
        except (CannotCheckError, VcError):
            continue
        if credential is item.credential:
            # The form may have been anchored since the wallet last looked.
            receipt = holding.receipt_of(db, wallet, item, issuer=known, parts=parts, now=now)
            receipts[credentials.digest(credential)] = receipt
        did = known.record.did
        url = credential["credentialStatus"]["statusListCredential"]
        lists[url] = json.loads(found.list_bytes)
        if found.notices_bytes is not None:
            notices[url] = json.loads(found.notices_bytes)
        documents[sha256(document).digest()] = document
        keys |= dict.fromkeys((issuer_key(did), number_key(known.record.number)))
        keys |= dict.fromkeys(statuses.keys(credential, issuer_id=did))
        keys |= dict.fromkeys(known.keys)
    snapshot, agreements = _stapled(list(keys), parts=parts, now=now)
    return Package(
        presentation=presentation,
        receipts={digest: receipt for digest, receipt in receipts.items() if receipt is not None},
        snapshot=snapshot,
        status_lists=tuple(lists.values()),
        notices=notices,
        documents=tuple(documents.values()),
        agreements=tuple(agreements),
    )


def _endorsed(credential: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the endorsements inside a certificate that name one place on a list of their body's."""
    try:
        found = [dict(each) for each in endorsements.embedded(credential)]
    except VcError:
        return []
    return [each for each in found if isinstance(each.get("credentialStatus"), dict)]


def _stapled(
    keys: list[StateKey], *, parts: Parts, now: datetime
) -> tuple[bytes | None, list[dict[str, Any]]]:
    """Fetch the registry's state about all of it under one checkpoint, and the agreements in force."""
    moment = int(now.timestamp())
    try:
        agreements = parts.ledger.agreements(now=moment)
        parties = sorted({party for record, _ in agreements for party in record.parties})
        # An agreement speaks for its parties only while they are members.
        keys = [*keys, *parts.ledger.agreement_keys(now=moment), members_key(), *map(member_key, parties)]
        _, bundle = parts.ledger.snapshot(list(dict.fromkeys(keys)), now=moment)
    except LedgerError:
        return None, []
    return bundle, [document for _, document in agreements]


def _share(row: store.Row, wallet: Wallet, *, parts: Parts, now: datetime) -> Share:
    content = wallet.vault.open(row["sealed"], kind="share", row=row["id"])
    state: ShareState = "open"
    if row["closed_at"] is not None:
        state = "closed"
    elif row["ends_at"] < int(now.timestamp()):
        state = "expired"
    return Share(
        share_id=row["id"],
        label=content["label"],
        titles=tuple(content["titles"]),
        link=shares.make_link(
            verifier_url=parts.settings.verifier_url,
            share_id=row["id"],
            key=bytes.fromhex(content["key"]),
        ),
        made_at=datetime.fromtimestamp(row["made_at"], UTC),
        ends_at=datetime.fromtimestamp(row["ends_at"], UTC),
        state=state,
        opened=row["opened"],
        opened_at=None if row["opened_at"] is None else datetime.fromtimestamp(row["opened_at"], UTC),
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
