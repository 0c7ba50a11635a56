"""``vocred verify``: the verifier's answer on the command line.

Exit status 0 only for valid; 1 for every other verdict; 2 where there was nothing to verify.
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from crypto.errors import CryptoError
from ledger.errors import LedgerError
from ledger.proof.following import follow
from vc import documents, printed_code, shares
from vc.errors import VcError
from verifier import answering, recognising, report, settings, wording
from verifier.answering import Answer, Collaborators
from verifier.errors import UnreadableRequestError, VerifierError
from verifier.recognition_report import Verifier, recognition_report
from verifier.verdicts import Verdict, worst
from verifier.verification import Verification
from web.errors import WebError

_MAX_FILE_BYTES = 4 * 1024 * 1024
_MATCH = {
    True: "姓名与证书一致。 The name is the certificate's.",
    False: "姓名与证书不一致。 The name is not the certificate's.",
}


@click.group()
def cli() -> None:
    """Verify credentials."""


@cli.command("verify")
@click.argument("subject", metavar="FILE|LINK|CODE")
@click.option("--name", help="The name printed on the paper: adds the match and opens the report.")
@click.option("--json", "as_json", is_flag=True, help="Print the verification report.")
@click.option(
    "--recognition-report", "filed", is_flag=True, help="Print the report that a body files (JSON)."
)
@click.option(
    "--checkpoint",
    "checkpoints",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A checkpoint of the ledger with links between epochs, saved by `vocred ledger checkpoint`.",
)
def verify(subject: str, name: str | None, as_json: bool, filed: bool, checkpoints: tuple[Path, ...]) -> None:
    """Verify a credential in a FILE ("-" for standard input), a share LINK, or a printed CODE.

    A code answers as the page does: the name stays masked until --name gives the one on the paper.

    With --checkpoint the verifier follows the changes of the ledger's members without reaching any node.
    """
    now = datetime.now(UTC)
    try:
        shared = settings.collaborators(settings.read(os.environ))
        for path in checkpoints:
            follow(shared.ledger.pins, path.read_bytes(), now=int(now.timestamp()))
        answer = ask(subject, collaborators=shared, now=now, name=name)
    except (VerifierError, VcError, CryptoError, LedgerError, WebError) as error:
        if as_json or filed:
            click.echo(json.dumps({"type": error.type, "code": error.code, "title": error.title}))
        click.echo(f"{error.title}: {error}", err=True)
        sys.exit(2)
    if filed:
        asked = Verifier(origin=shared.origin, chain_id=shared.ledger.chain_id)
        click.echo(json.dumps(recognition_report(answer, verifier=asked), ensure_ascii=False, indent=2))
    elif as_json:
        click.echo(json.dumps(report.report(answer), ensure_ascii=False, indent=2))
    else:
        for result in answer.results:
            click.echo(_line(result, answer))
    sys.exit(0 if worst(tuple(result.verdict for result in answer.results)) is Verdict.VALID else 1)


def ask(subject: str, *, collaborators: Collaborators, now: datetime, name: str | None = None) -> Answer:
    """Answer for a file, a share link or a printed code.

    Args:
        subject: A path that exists or "-", a link, or a code.
        collaborators: What the process shares.
        now: The moment of the question.
        name: The name on the paper.

    Raises:
        VerifierError, VcError, CryptoError: There is nothing that could be verified.
    """
    if subject == "-" or Path(subject).is_file():
        content = _read(subject)
        return answering.answer_document(documents.load(content), collaborators=collaborators, now=now)
    if subject.lower().startswith(("http://", "https://")) and "/S/" in subject.upper():
        return answering.answer_link(shares.parse_link(subject), collaborators=collaborators, now=now)
    if "#" not in subject and ("/" in subject or "." in subject):
        raise UnreadableRequestError("there is no such file, and it is neither a link nor a code")
    code = printed_code.parse(answering.code_of(subject), purpose="certificate").text
    return answering.answer_code(code, collaborators=collaborators, now=now, name=name)


def _read(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read(_MAX_FILE_BYTES)
    with open(path, "rb") as file:
        return file.read(_MAX_FILE_BYTES)


def _line(result: Verification, answer: Answer) -> str:
    reason = wording.reason(result, from_paper=answer.source == "code")
    zh, en = wording.title(result)
    line = f"{zh} / {en}: {reason.zh} {reason.en}"
    if waiving := recognising.waiving(result.recognition):
        spared = wording.recognition_sentence(waiving)
        line = f"{line} {spared.zh} {spared.en}"
    return line if answer.matched is None else f"{line} {_MATCH[answer.matched]}"
