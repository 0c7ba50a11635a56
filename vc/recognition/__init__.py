"""Recognition: what other bodies make of a certificate, by the agreements that are in force.

An agreement (schemas/RecognitionAgreement) is closed, declarative JSON. Evaluating it is a pure function of
what is known of the certificate (``Source``), the agreement with its state on the ledger, the members, the
learner's account at the credit bank, or nobody's, and a moment. The verifier's page, the wallet, the credit
bank and the dry run all call it, so that all of them say the same.

Whether the certificate is valid is decided elsewhere and only taken over: nothing is recognised unless it is.
What the evaluation allows is registered elsewhere too; nothing here keeps anything.
"""

from vc.recognition.lint import AGREEMENT_SCHEMA, check_agreement
from vc.recognition.model import (
    Account,
    Agreement,
    Conversion,
    Course,
    Evaluation,
    Names,
    Result,
    Source,
    Target,
    Text,
)
from vc.recognition.periods import in_force, last_day
from vc.recognition.sources import same_source, source_from, source_key
from vc.recognition.waiving import Waiver, waived

__all__ = [
    "AGREEMENT_SCHEMA",
    "Account",
    "Agreement",
    "Conversion",
    "Course",
    "Evaluation",
    "Names",
    "Result",
    "Source",
    "Target",
    "Text",
    "Waiver",
    "check_agreement",
    "in_force",
    "last_day",
    "same_source",
    "source_from",
    "source_key",
    "waived",
]
