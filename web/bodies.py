"""Reading what a request carries: JSON through the strict front door, and fields that stand once."""

from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict

from crypto import strict_json
from web.errors import BadRequestError, ParameterPollutionError, UnsupportedMediaTypeError

_JSON_TYPES = {"application/json", "application/vc", "application/vp"}


def json_body(**larger: int) -> Any:
    """Return the request's body, parsed strictly.

    Args:
        larger: Other limits for ``crypto.strict_json.parse``, such as ``max_bytes``.

    Raises:
        UnsupportedMediaTypeError: It is not declared as JSON in UTF-8, or is compressed.
        crypto.errors.CryptoError: It is JSON that is refused; the code says why.
    """
    parameters = request.mimetype_params
    if not (request.mimetype in _JSON_TYPES or request.mimetype.endswith("+json")):
        raise UnsupportedMediaTypeError("the body has to be application/json")
    if parameters.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        raise UnsupportedMediaTypeError("JSON is read as UTF-8")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaTypeError("compressed bodies are not read")
    return strict_json.parse(request.get_data(), **larger)


def single(fields: MultiDict[str, str], name: str, *, required: bool = True) -> str:
    """Return the one value of a form field or query parameter, stripped.

    Args:
        fields: ``request.form`` or ``request.args``.
        name: The field.
        required: Whether its absence is refused; otherwise an absent field is empty.

    Raises:
        ParameterPollutionError: It stands more than once.
        BadRequestError: It is required and absent.
    """
    values = fields.getlist(name)
    if len(values) > 1:
        raise ParameterPollutionError(f"{name} is given {len(values)} times")
    if not values and required:
        raise BadRequestError(f"{name} is missing")
    return values[0].strip() if values else ""
