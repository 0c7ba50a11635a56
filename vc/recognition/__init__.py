"""Recognition: what other bodies make of a certificate, by the agreements that are in force.

An agreement (schemas/RecognitionAgreement) is closed, declarative JSON. Evaluating it is a pure function of
what is known of the certificate (``Source``), the agreement with its state on the ledger, the members, the
learner's account at the credit bank, or nobody's, and a moment. The verifier's page, the wallet, the credit
bank and the dry run all call it, so that all of them say the same.

Whether the certificate is valid is decided elsewhere and only taken over: nothing is recognised unless it is.
What the evaluation allows is registered elsewhere too; nothing here keeps anything.
"""

from vc.recognition.describing import Clause, Description, Section, describe
from vc.recognition.evaluating import evaluate
from vc.recognition.findings import AGREEMENT_SCHEMA, Finding
from vc.recognition.lint import check_agreement, lint
from vc.recognition.matching import last_day
from vc.recognition.model import Account, Agreement, Conversion, Course, Names, Source, Target, Text
from vc.recognition.preparing import Prepared, in_force, prepare
from vc.recognition.recognising import recognise
from vc.recognition.results import Evaluation, Result
from vc.recognition.sources import same_source, source_from, source_key

__all__ = [
    "AGREEMENT_SCHEMA",
    "Account",
    "Agreement",
    "Clause",
    "Conversion",
    "Course",
    "Description",
    "Evaluation",
    "Finding",
    "Names",
    "Prepared",
    "Result",
    "Section",
    "Source",
    "Target",
    "Text",
    "check_agreement",
    "describe",
    "evaluate",
    "in_force",
    "last_day",
    "lint",
    "prepare",
    "recognise",
    "same_source",
    "source_from",
    "source_key",
]
