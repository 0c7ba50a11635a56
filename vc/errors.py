"""What the credential core refuses.

    VcError
    ├── DocumentError                          the document breaks a rule of the data model or of our profile
    │   ├── ContextNotAllowedError             a list of contexts that nobody pinned
    │   ├── KeywordNotAllowedError             a JSON-LD keyword where only terms belong
    │   ├── BlankNodeNotAllowedError           an identifier that starts with ``_:``
    │   ├── UndefinedTermError                 a term or type that no context defines
    │   ├── LossyDocumentError                 something in the JSON that a signature would not cover
    │   ├── InvalidDatetimeError               not an XSD dateTimeStamp
    │   ├── StructureError                     the document breaks VCDM 2.0
    │   ├── SchemaViolationError               the type's JSON Schema refuses the document
    │   └── SchemaNotAllowedError              a schema that nobody pinned
    ├── CanonicalizationLimitError             a graph that costs too much to canonicalise
    ├── ProofError                             the proof does not hold
    │   ├── ProofMissingError
    │   ├── ProofGenerationError               the document cannot be signed as asked
    │   ├── ProofExpiredError
    │   ├── InvalidDomainError
    │   ├── InvalidChallengeError
    │   ├── CryptographicError                 the signature is not the key's over this document
    │   └── RequiredProofMissingError          a signer that the type requires is not there
    ├── IdentifierError                        an identifier or its document is malformed
    │   ├── InvalidDidError
    │   ├── InvalidDidUrlError
    │   ├── InvalidDidDocumentError
    │   ├── VerificationMethodError            the document has no such method, or not of that controller
    │   ├── VerificationRelationshipError      the key may not be used for that purpose
    │   └── KeyRevokedError                    the key was not in force at that time
    ├── StatusError                            the status could not be established
    │   ├── MalformedStatusError
    │   ├── StatusTypeUnknownError
    │   ├── StatusUnavailableError
    │   ├── StatusVerificationError
    │   ├── StatusIssuerMismatchError
    │   ├── StatusExpiredError
    │   ├── StatusRangeError
    │   ├── StatusListLengthError
    │   └── StatusListLimitError
    ├── CodeError                              a printed code that is not usable here
    │   ├── CodeMistypedError
    │   └── WrongCodeKindError
    ├── StoreError                             an index, bucket or form that does not hold together
    │   ├── NoticeError                        a status notice that does not open
    │   └── AbsenceNotProvenError              something may still lie under that locator
    ├── EndorsementError                       an embedded endorsement that does not count
    │   ├── EndorsementMismatchError           it endorses another record, or other content
    │   └── EndorserError                      the wrong body is to endorse, or has endorsed
    ├── AgreementError                         a recognition agreement that nobody may vote in
    ├── OpenId4VpError                         a presentation is asked for or answered against OpenID4VP
    │   ├── PresentationRequestError           a request that no wallet may answer
    │   │   └── PresentationRequestExpiredError  likewise, because its time is over
    │   └── PresentationResponseError          a response that no verifier may use
    ├── QueryError                             a DCQL query that is none
    ├── AnswerError                            an answer to a DCQL query that is not what was asked for
    ├── HolderRequestError                     a holder's signed request to an issuer that does not hold
    └── ShareError                             a share's package, link or presentation is malformed

What bytes and keys can get wrong is in ``crypto.errors`` and passes through unchanged: a document that is not
JSON raises ``ParsingError`` or ``LimitError``, a weak key ``WeakKeyError``. Every class of both trees names
the registry's ``code``, the problem ``type`` and a ``title``; ``str(error)`` is the detail and holds no
claim.
"""

from crypto.errors import PROBLEM_TYPES, VCDM_PROBLEM_TYPES

SECURITY_PROBLEM_TYPES = "https://w3id.org/security#"
STATUS_PROBLEM_TYPES = "https://www.w3.org/ns/credentials/status-list#"
DID_PROBLEM_TYPES = "https://www.w3.org/ns/did#"


class VcError(Exception):
    """The base of everything that this package raises about an input."""

    code = "MALFORMED_VALUE_ERROR"
    type = VCDM_PROBLEM_TYPES + "MALFORMED_VALUE_ERROR"
    title = "The document is malformed"


class DocumentError(VcError):
    """The document breaks a rule of the data model or of our profile of it."""


class ContextNotAllowedError(DocumentError):
    """The list of contexts is none of those that were pinned, in their order."""

    code = "CONTEXT_NOT_ALLOWED"
    type = PROBLEM_TYPES + "CONTEXT_NOT_ALLOWED"
    title = "The document's @context is not one that is accepted"


class KeywordNotAllowedError(DocumentError):
    """A JSON-LD keyword, or something that looks like one, where only terms belong."""

    code = "JSONLD_KEYWORD_NOT_ALLOWED"
    type = PROBLEM_TYPES + "JSONLD_KEYWORD_NOT_ALLOWED"
    title = "The document uses a JSON-LD keyword that is not accepted"


class BlankNodeNotAllowedError(DocumentError):
    """An identifier that only has a meaning inside the document."""

    code = "BLANK_NODE_NOT_ALLOWED"
    type = PROBLEM_TYPES + "BLANK_NODE_NOT_ALLOWED"
    title = "The document names blank nodes"


class UndefinedTermError(DocumentError):
    """A property or type that no context defines, so that no signature would cover it."""

    code = "UNDEFINED_TERM"
    type = PROBLEM_TYPES + "UNDEFINED_TERM"
    title = "The document uses a term that its contexts do not define"


class LossyDocumentError(DocumentError):
    """Something in the JSON, such as a relative IRI or a null, that the signed graph would not hold."""

    title = "The document holds something that a signature would not cover"


class InvalidDatetimeError(DocumentError):
    """Not an XSD dateTimeStamp."""

    code = "INVALID_DATETIME"
    type = PROBLEM_TYPES + "INVALID_DATETIME"
    title = "The date and time is malformed"


class StructureError(DocumentError):
    """The document breaks a rule of the data model."""


class SchemaViolationError(DocumentError):
    """The type's JSON Schema refuses the document."""

    code = "SCHEMA_VIOLATION"
    type = PROBLEM_TYPES + "SCHEMA_VIOLATION"
    title = "The credential does not follow the schema of its type"


class SchemaNotAllowedError(DocumentError):
    """The document names a schema that nobody pinned."""

    code = "SCHEMA_NOT_ALLOWED"
    type = PROBLEM_TYPES + "SCHEMA_NOT_ALLOWED"
    title = "The credential names a schema that is not accepted"


class CanonicalizationLimitError(VcError):
    """Putting the graph into canonical form costs more than any honest document does."""

    code = "CANON_LIMIT"
    type = PROBLEM_TYPES + "CANON_LIMIT"
    title = "The document is too costly to check"


class ProofError(VcError):
    """The proof is malformed, or made for something else than it is used for."""

    code = "PROOF_VERIFICATION_ERROR"
    type = SECURITY_PROBLEM_TYPES + "PROOF_VERIFICATION_ERROR"
    title = "The proof does not verify"


class ProofMissingError(ProofError):
    """The document carries no proof."""

    code = "PROOF_MISSING"
    title = "The document is not signed"


class ProofGenerationError(ProofError):
    """The document cannot be signed as asked."""

    code = "PROOF_GENERATION_ERROR"
    type = SECURITY_PROBLEM_TYPES + "PROOF_GENERATION_ERROR"
    title = "The document could not be signed"


class ProofExpiredError(ProofError):
    """The proof was made for a time that is over."""

    code = "PROOF_EXPIRED"
    title = "The proof has expired"


class InvalidDomainError(ProofError):
    """The proof was made for another domain, or for none."""

    code = "INVALID_DOMAIN_ERROR"
    type = SECURITY_PROBLEM_TYPES + "INVALID_DOMAIN_ERROR"
    title = "The proof was made for somebody else"


class InvalidChallengeError(ProofError):
    """The proof answers another challenge, or none."""

    code = "INVALID_CHALLENGE_ERROR"
    type = SECURITY_PROBLEM_TYPES + "INVALID_CHALLENGE_ERROR"
    title = "The proof answers another question"


class CryptographicError(ProofError):
    """The signature was not made by the named key over this document."""

    code = "CRYPTOGRAPHIC_SECURITY_ERROR"
    type = VCDM_PROBLEM_TYPES + "CRYPTOGRAPHIC_SECURITY_ERROR"
    title = "The document was changed, or not signed by that key"


class RequiredProofMissingError(ProofError):
    """A signer that the credential's type requires has not signed."""

    code = "REQUIRED_PROOF_MISSING"
    type = PROBLEM_TYPES + "REQUIRED_PROOF_MISSING"
    title = "A required signature is missing"


class IdentifierError(VcError):
    """An identifier, or the document that it names, is malformed."""

    code = "INVALID_DID"
    type = DID_PROBLEM_TYPES + "INVALID_DID"
    title = "The identifier is malformed"


class InvalidDidError(IdentifierError):
    """Not a DID of a method that is accepted here."""


class InvalidDidUrlError(IdentifierError):
    """Not a DID URL that names a verification method."""

    code = "INVALID_DID_URL"
    type = DID_PROBLEM_TYPES + "INVALID_DID_URL"
    title = "The key's identifier is malformed"


class InvalidDidDocumentError(IdentifierError):
    """The document does not describe the DID asked for, or contradicts itself."""

    code = "INVALID_DID_DOCUMENT"
    type = DID_PROBLEM_TYPES + "INVALID_DID_DOCUMENT"
    title = "The identifier's document is malformed"


class VerificationMethodError(IdentifierError):
    """The document lists no such method, or one that belongs to somebody else."""

    code = "INVALID_VERIFICATION_METHOD"
    type = SECURITY_PROBLEM_TYPES + "INVALID_VERIFICATION_METHOD"
    title = "The signing key does not belong to the signer"


class VerificationRelationshipError(IdentifierError):
    """The document does not allow the key for this purpose."""

    code = "INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD"
    type = SECURITY_PROBLEM_TYPES + "INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD"
    title = "The signing key may not be used for this purpose"


class KeyRevokedError(IdentifierError):
    """The key had expired or was revoked at the time that counts."""

    code = "KEY_REVOKED"
    type = PROBLEM_TYPES + "KEY_REVOKED"
    title = "The signing key was not in force"


class StatusError(VcError):
    """The credential's status could not be established."""

    code = "STATUS_VERIFICATION_ERROR"
    type = STATUS_PROBLEM_TYPES + "STATUS_VERIFICATION_ERROR"
    title = "The credential's status could not be checked"


class MalformedStatusError(StatusError):
    """A status entry or list is malformed."""

    code = "MALFORMED_VALUE_ERROR"
    type = STATUS_PROBLEM_TYPES + "MALFORMED_VALUE_ERROR"


class StatusTypeUnknownError(StatusError):
    """The status is of a kind that is not understood."""

    code = "STATUS_TYPE_UNKNOWN"
    type = PROBLEM_TYPES + "STATUS_TYPE_UNKNOWN"


class StatusUnavailableError(StatusError):
    """The status list could not be had, so nothing may be assumed."""

    code = "STATUS_RETRIEVAL_ERROR"
    type = STATUS_PROBLEM_TYPES + "STATUS_RETRIEVAL_ERROR"


class StatusVerificationError(StatusError):
    """The status list is not the one that the credential names, or does not hold."""


class StatusIssuerMismatchError(StatusError):
    """The status list is another body's."""

    code = "STATUS_ISSUER_MISMATCH"
    type = PROBLEM_TYPES + "STATUS_ISSUER_MISMATCH"


class StatusExpiredError(StatusError):
    """The status list is out of date."""

    code = "STATUS_EXPIRED"
    type = PROBLEM_TYPES + "STATUS_EXPIRED"


class StatusRangeError(StatusError):
    """The index is outside the list."""

    code = "RANGE_ERROR"
    type = STATUS_PROBLEM_TYPES + "RANGE_ERROR"


class StatusListLengthError(StatusError):
    """The list is shorter than privacy asks for."""

    code = "STATUS_LIST_LENGTH_ERROR"
    type = STATUS_PROBLEM_TYPES + "STATUS_LIST_LENGTH_ERROR"


class StatusListLimitError(StatusError):
    """The list is larger than any honest one."""

    code = "STATUS_LIST_LIMIT"
    type = PROBLEM_TYPES + "STATUS_LIST_LIMIT"


class CodeError(VcError):
    """A printed code cannot be used here."""

    code = "CODE_MISTYPED"
    type = PROBLEM_TYPES + "CODE_MISTYPED"
    title = "The code is not right"


class CodeMistypedError(CodeError):
    """The code was mistyped."""


class WrongCodeKindError(CodeError):
    """The code is intact, but belongs into another box."""

    code = "WRONG_CODE_KIND"
    type = PROBLEM_TYPES + "WRONG_CODE_KIND"
    title = "This is a code for another box"


class StoreError(VcError):
    """An index, a bucket or a sealed form does not hold together."""

    code = "STORE_MALFORMED"
    type = PROBLEM_TYPES + "STORE_MALFORMED"
    title = "The store of sealed certificates is malformed"


class NoticeError(StoreError):
    """A status notice is malformed, or this entry's id does not open it."""

    code = "NOTICE_MALFORMED"
    type = PROBLEM_TYPES + "NOTICE_MALFORMED"
    title = "The reason of the status could not be read"


class AbsenceNotProvenError(StoreError):
    """Nothing proves that there is no form under that locator."""

    code = "ABSENCE_NOT_PROVEN"
    type = PROBLEM_TYPES + "ABSENCE_NOT_PROVEN"
    title = "Whether there is such a certificate could not be checked"


class EndorsementError(VcError):
    """An embedded endorsement is malformed, or does not hold."""

    code = "ENDORSEMENT_MALFORMED"
    type = PROBLEM_TYPES + "ENDORSEMENT_MALFORMED"
    title = "The endorsement does not count"


class EndorsementMismatchError(EndorsementError):
    """The endorsement is of another record, or of other content than the document around it holds."""

    code = "ENDORSEMENT_MISMATCH"
    type = PROBLEM_TYPES + "ENDORSEMENT_MISMATCH"
    title = "The endorsement covers something else"


class EndorserError(EndorsementError):
    """A body endorses its own credential, or the one that has to endorse is not named."""

    code = "ENDORSER_NOT_ALLOWED"
    type = PROBLEM_TYPES + "ENDORSER_NOT_ALLOWED"
    title = "That body cannot endorse this credential"


class AgreementError(VcError):
    """A recognition agreement breaks its schema or a rule beyond it."""

    code = "AGREEMENT_MALFORMED"
    type = PROBLEM_TYPES + "AGREEMENT_MALFORMED"
    title = "The agreement is malformed"


class HolderRequestError(VcError):
    """A holder's signed request is malformed, too old, for somebody else, or not signed by its key."""

    code = "HOLDER_PROOF_REFUSED"
    type = PROBLEM_TYPES + "HOLDER_PROOF_REFUSED"
    title = "The holder's proof does not hold"


class QueryError(VcError):
    """A DCQL query breaks its own rules or our limits."""

    code = "DCQL_MALFORMED"
    type = PROBLEM_TYPES + "DCQL_MALFORMED"
    title = "The query cannot be understood"


class AnswerError(VcError):
    """What was presented is not what the query asked for."""

    code = "DCQL_UNANSWERED"
    type = PROBLEM_TYPES + "DCQL_UNANSWERED"
    title = "What was presented is not what was asked for"


class ShareError(VcError):
    """A share's package, link or presentation is malformed."""

    code = "SHARE_MALFORMED"
    type = PROBLEM_TYPES + "SHARE_MALFORMED"
    title = "The shared link is malformed"


class OpenId4VpError(VcError):
    """A presentation is asked for, or answered, otherwise than OpenID4VP has it.

    Args:
        detail: What is wrong, in ASCII and without a value from the message.
        error: The name that OpenID4VP gives to it, such as ``invalid_request``.
    """

    def __init__(self, detail: str, *, error: str = "invalid_request") -> None:
        super().__init__(detail)
        self.error = error


class PresentationRequestError(OpenId4VpError):
    """A request object that a wallet refuses; it then answers nobody."""

    code = "PRESENTATION_REQUEST_INVALID"
    type = PROBLEM_TYPES + "PRESENTATION_REQUEST_INVALID"
    title = "The request to present certificates is not acceptable"


class PresentationRequestExpiredError(PresentationRequestError):
    """A request object whose time is over: refused as well, and worth another word to the holder."""


class PresentationResponseError(OpenId4VpError):
    """A response whose form is not that of OpenID4VP, or that answers something else than was asked."""

    code = "PRESENTATION_RESPONSE_INVALID"
    type = PROBLEM_TYPES + "PRESENTATION_RESPONSE_INVALID"
    title = "The presented certificates do not answer the request"
