"""What a holder scans, opens or pastes in order to present something.

============================================================  ============================
given                                                         read as
============================================================  ============================
``openid4vp://?client_id=…&request_uri=…``                    client id and where to fetch
``haip-vp://?client_id=…&request_uri=…``                      likewise
``https://…?client_id=…&request_uri=…``                       likewise
============================================================  ============================

The host of an https link plays no part: it is an address that opens a wallet, nothing of it is fetched.
Requests by value cannot be told from forgeries here, so only ones by reference are read.

Spec: OpenID4VP 1.0, sections 5.4, 5.7 and 5.10.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from wallet.errors import RequestRefusedError, UnreadableRequestError
from web import limits

SCHEMES = frozenset({"openid4vp", "haip-vp", "https", "http"})
LONGEST_TEXT = 4 * 1024
_METHODS = frozenset({"get", "post"})


@dataclass(frozen=True)
class RequestLink:
    """Where a request object lies, how it is fetched, and who is said to have signed it."""

    client_id: str
    request_uri: str
    method: str = "get"


def read_link(text: str) -> RequestLink:
    """Read a link that asks for a presentation.

    Raises:
        UnreadableRequestError: It is no such link.
        RequestRefusedError: It is one that this wallet does not answer; ``error`` names why.
    """
    given = text.strip()
    parameters = _parameters(given)
    client_id, request_uri = parameters.get("client_id", ""), parameters.get("request_uri", "")
    method = parameters.get("request_uri_method", "get")
    if method not in _METHODS:
        raise RequestRefusedError(
            "request_uri_method is neither get nor post", error="invalid_request_uri_method"
        )
    if not request_uri:
        raise RequestRefusedError("the request is not handed over by reference")
    if not 0 < len(client_id) <= limits.URL_CHARS or len(request_uri) > limits.URL_CHARS:
        raise UnreadableRequestError("the link names nobody who asks")
    return RequestLink(client_id, request_uri, method)


def _parameters(given: str) -> dict[str, str]:
    if not given or len(given) > LONGEST_TEXT:
        raise UnreadableRequestError("this is no link of a request")
    try:
        parts = urlsplit(given)
    except ValueError as error:
        raise UnreadableRequestError("this is no link of a request") from error
    if parts.scheme.lower() not in SCHEMES:
        raise UnreadableRequestError("this is no link of a request")
    found = parse_qs(parts.query, keep_blank_values=True, max_num_fields=32)
    # RFC 6749, section 3.1: a parameter stands at most once.
    if any(len(values) != 1 for values in found.values()):
        raise UnreadableRequestError("a parameter of the link stands twice")
    if not {"client_id", "request_uri"} & found.keys():
        raise UnreadableRequestError("this is no link of a request")
    return {name: values[0] for name, values in found.items()}
