"""What may be wrong with bytes, keys and signatures.

    CryptoError
    ├── MalformedError               an encoding is not what it claims to be
    │   ├── CborError                not deterministic CBOR of the types we allow
    │   ├── CoseError                not a COSE_Sign1 as we accept it
    │   └── PrivateKeyExposedError   a public key came with its secret
    ├── ParsingError                 JSON text that is refused
    │   ├── DuplicateKeyError
    │   ├── InvalidNumberError
    │   ├── InvalidUnicodeError
    │   └── JsonTooDeepError
    ├── LimitError                   larger than any honest input
    ├── WeakKeyError                 a key under which anybody can sign
    ├── SignatureError               the signature does not belong to key and message
    └── SealError                    a sealed blob that does not open

Every class names the ``code`` of the one registry, the problem ``type`` and a ``title``; ``str(error)`` is
the detail. A detail never repeats a claim's value or a secret.
"""

PROBLEM_TYPES = "https://w3id.org/vocred/problems#"
VCDM_PROBLEM_TYPES = "https://www.w3.org/TR/vc-data-model#"


class CryptoError(Exception):
    """The base of everything that this package raises about an input."""

    code = "MALFORMED_VALUE_ERROR"
    type = VCDM_PROBLEM_TYPES + "MALFORMED_VALUE_ERROR"
    title = "The value is malformed"


class MalformedError(CryptoError):
    """An encoding is not what it claims to be."""


class CborError(MalformedError):
    """The bytes are not deterministic CBOR of the allowed types."""

    code = "CBOR_NOT_DETERMINISTIC"
    type = PROBLEM_TYPES + "CBOR_NOT_DETERMINISTIC"
    title = "The bytes are not deterministic CBOR"


class CoseError(MalformedError):
    """The bytes are not an untagged COSE_Sign1 with an empty unprotected header."""

    code = "COSE_MALFORMED"
    type = PROBLEM_TYPES + "COSE_MALFORMED"
    title = "The signed statement is malformed"


class PrivateKeyExposedError(MalformedError):
    """A public key was given together with its private part."""

    code = "PRIVATE_KEY_EXPOSED"
    type = PROBLEM_TYPES + "PRIVATE_KEY_EXPOSED"
    title = "A private key was sent where a public key belongs"


class ParsingError(CryptoError):
    """The bytes are not the JSON text that is accepted here."""

    code = "PARSING_ERROR"
    type = VCDM_PROBLEM_TYPES + "PARSING_ERROR"
    title = "The document is not acceptable JSON"


class DuplicateKeyError(ParsingError):
    """An object names one member twice, so readers would disagree about its value."""

    code = "DUPLICATE_KEY"
    title = "The document names one member twice"


class InvalidNumberError(ParsingError):
    """A number that not every reader would read alike."""

    code = "INVALID_NUMBER"
    title = "The document holds a number that cannot be represented exactly"


class InvalidUnicodeError(ParsingError):
    """A lone surrogate, a control character or a non-character."""

    code = "INVALID_UNICODE"
    title = "The document holds a character that is not allowed"


class JsonTooDeepError(ParsingError):
    """Containers are nested deeper than any honest document."""

    code = "JSON_TOO_DEEP"
    title = "The document is nested too deeply"


class LimitError(CryptoError):
    """An input is larger than any honest one."""

    code = "PAYLOAD_TOO_LARGE"
    type = PROBLEM_TYPES + "PAYLOAD_TOO_LARGE"
    title = "The document is too large"


class WeakKeyError(CryptoError):
    """A public key under which signatures prove nothing."""

    code = "WEAK_KEY"
    type = PROBLEM_TYPES + "WEAK_KEY"
    title = "The key is weak or not a point of its curve"


class SignatureError(CryptoError):
    """The signature was not made by this key over this message."""

    code = "CRYPTOGRAPHIC_SECURITY_ERROR"
    type = VCDM_PROBLEM_TYPES + "CRYPTOGRAPHIC_SECURITY_ERROR"
    title = "The signature does not verify"


class SealError(CryptoError):
    """A sealed blob does not open with this key, passphrase or label."""

    code = "SEAL_BROKEN"
    type = PROBLEM_TYPES + "SEAL_BROKEN"
    title = "The sealed data could not be opened"
