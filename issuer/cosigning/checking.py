"""Whether an endorsement counts: content, body, proof, and the endorser's own status list.

    1 content    of this record, covers it as it stands, not by the issuer itself     (``vc.endorsements``)
    2 body       the registry names the endorser; neither suspended nor closed
    3 proof      under a key of the DID document that the registry holds
    4 status     the endorser's list, as the ledger holds it now, proved and in its period; the bit is not set

What cannot be had is said as that (``NeighbourUnavailableError``), and is never a pass.
"""

from collections.abc import Mapping
from typing import Any

from crypto import jcs
from crypto.errors import CryptoError
from issuer.cosigning.errors import EndorsementRefusedError, NeighbourUnavailableError
from issuer.cosigning.network import Network, moment
from issuer.errors import UnknownError
from ledger.registry import IssuerRecord, StatusRecord, issuer_key, status_key
from vc import data_integrity, dates, documents, endorsements, status
from vc.data_integrity import Resolve
from vc.errors import VcError
from vc.status import StatusEntry, StatusList

LIST_TYPES = "application/vc, application/json;q=0.9"


def check(
    endorsement: Mapping[str, Any], credential: Mapping[str, Any], *, network: Network, now: int
) -> None:
    """Check an endorsement of a credential, or of a draft of one.

    Args:
        endorsement: The endorsement, secured.
        credential: What it has to cover: ``id``, ``issuer`` and ``credentialSubject`` count.
        network: Registry and fetcher.
        now: Seconds since 1970.

    Raises:
        EndorsementRefusedError: It does not count; the detail says why.
        NeighbourUnavailableError: Something that decides could not be had.
    """
    try:
        documents.check(dict(endorsement))
        endorsements.check_content(endorsement, credential)
        endorsements.check_period(endorsement, now=moment(now))
        record = _endorser(endorsement, network=network, now=now)
        resolve = network.keys(record, at=moment(now))
        endorsements.verify_proof(endorsement, resolve=resolve, now=moment(now))
        withdrawn = is_withdrawn(endorsement, network=network, now=now, resolve=resolve)
    except (VcError, CryptoError) as error:
        raise EndorsementRefusedError(f"{error.code}: {error}") from error
    except UnknownError as error:
        raise EndorsementRefusedError(str(error)) from error
    if withdrawn:
        raise EndorsementRefusedError("the endorsement is withdrawn")


def is_withdrawn(
    endorsement: Mapping[str, Any], *, network: Network, now: int, resolve: Resolve | None = None
) -> bool:
    """Return what the endorser's current list says of an endorsement.

    Raises:
        NeighbourUnavailableError: The list that the ledger holds cannot be had.
        VcError, CryptoError: It does not hold.
        UnknownError: The registry knows no such endorser.
    """
    (entry,) = status.entries(endorsement)
    did = endorsements.endorser_id(endorsement)
    snapshot = network.snapshot([issuer_key(did), status_key(did, entry.list_url)], now=now)
    record, anchored = snapshot.issuer(did), snapshot.status(did, entry.list_url)
    if record is None:
        raise UnknownError("the consortium's registry knows no such body")
    if anchored is None:
        # Nobody anchored such a list: its address is a stranger's and is not asked. It may follow in seconds.
        raise NeighbourUnavailableError("the ledger does not hold the endorser's status list yet")
    listed = _list(entry, did, anchored, network=network, now=now, resolve=resolve, record=record)
    return status.is_set(listed, status_entry=entry)


def _endorser(endorsement: Mapping[str, Any], *, network: Network, now: int) -> IssuerRecord:
    record = network.issuer(endorsements.endorser_id(endorsement), now=now)
    if record.suspended(now) or record.closed(now) or record.key_compromised(now):
        raise EndorsementRefusedError("the endorser is suspended or closed at present")
    return record


def _list(
    entry: StatusEntry,
    did: str,
    anchored: StatusRecord,
    *,
    network: Network,
    now: int,
    resolve: Resolve | None,
    record: IssuerRecord,
) -> StatusList:
    answer = network.get(entry.list_url, accept=LIST_TYPES)
    if answer.status != 200:
        raise NeighbourUnavailableError("the endorser's status list cannot be had")
    document = documents.load(answer.body)
    if jcs.digest(document) != anchored.digest:
        # Another version than the ledger's: one of them is about to follow.
        raise NeighbourUnavailableError("the endorser serves another status list than the ledger holds")
    resolve = resolve or network.keys(record, at=moment(now))
    data_integrity.verify(document, resolve=resolve, purpose=endorsements.PURPOSE, now=moment(now))
    listed = status.parse_list(document)
    status.check_list(listed, status_entry=entry, issuer_id=did, now=moment(now))
    if listed.valid_from != dates.from_seconds(anchored.valid_from):
        raise NeighbourUnavailableError("the endorser serves another status list than the ledger holds")
    return listed
