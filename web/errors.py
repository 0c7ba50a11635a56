"""What the web layer refuses.

    WebError
        NotFoundError               no such thing, or not for you
        GoneError                   was here, is over
        ForbiddenError              known caller, act not allowed
        SignInRequiredError         the act needs a signed-in person
        ConflictError               the state has moved on
        BadRequestError             the request itself is wrong
            HostNotAllowedError     the Host header is not the configured one
            CsrfError               the form's token is missing or of another session
            ParameterPollutionError a parameter that may stand once stands twice
        UnprocessableError          well formed, but not something we can act on
        UnsupportedMediaTypeError   a body of another kind than the endpoint reads
        PayloadTooLargeError        a body over its limit
        RateLimitedError            too many tries; says when to come back
        SettingsError               the service refuses to start
        MigrationPendingError       the database is older than the code
        DatabaseNewerError          the database is newer than the code
        StorageError                the database cannot be read or written
            StorageBusyError        another writer holds the database
            StorageFullError        no space left to write
            DatabaseDamagedError    the database is torn, altered or gone
        FetchError                  something outside did not answer as it should
            FetchNotAllowedError    the address is none that may be asked
            FetchRedirectError      the answer points elsewhere
            FetchLimitError         the answer is too large or too slow
        OAuthError                  an error that OAuth or OpenID4VCI names itself

Other packages' errors have the same shape (``code``, ``type``, ``title``; ``str(error)`` is the
detail) and are answered by the same handler: ``web.problems``.
"""

from collections.abc import Mapping

PROBLEM_TYPES = "https://w3id.org/vocred/problems#"
"""Start of the problem types that no standard names; the code follows."""


class WebError(Exception):
    """Something that the web layer refuses, with the code of its answer."""

    code = "BAD_REQUEST"
    type = PROBLEM_TYPES + "BAD_REQUEST"
    title = "The request was refused"
    retry_after: int | None = None

    def __init_subclass__(cls) -> None:
        """Derive the problem type from a code that the class sets."""
        if "code" in vars(cls) and "type" not in vars(cls):
            cls.type = PROBLEM_TYPES + cls.code


class NotFoundError(WebError):
    """Nothing is here, or nothing that the caller may know of."""

    code = "NOT_FOUND"
    title = "Not found"


class GoneError(WebError):
    """Something was here and is over."""

    code = "GONE"
    title = "No longer available"


class ForbiddenError(WebError):
    """The caller is known and may not do this."""

    code = "FORBIDDEN"
    title = "Not allowed"


class SignInRequiredError(WebError):
    """Only a signed-in person can do this."""

    code = "SIGN_IN_REQUIRED"
    title = "Sign in first"


class ConflictError(WebError):
    """The state has moved on since the caller looked."""

    code = "CONFLICT"
    title = "The state has changed in the meantime"


class BadRequestError(WebError):
    """The request itself is wrong."""


class HostNotAllowedError(BadRequestError):
    """The Host header names another host than the one configured."""

    code = "HOST_NOT_ALLOWED"
    title = "This service does not answer under that host name"


class CsrfError(BadRequestError):
    """The form's token is missing, expired, or belongs to another session."""

    code = "CSRF"
    title = "The form has expired"


class ParameterPollutionError(BadRequestError):
    """A parameter that may stand once stands more than once."""

    code = "PARAMETER_POLLUTION"
    title = "A parameter is given twice"


class UnprocessableError(WebError):
    """The request is well formed and still nothing that can be acted on."""

    code = "UNPROCESSABLE"
    title = "The request cannot be acted on"


class UnsupportedMediaTypeError(WebError):
    """The body is of another kind than this endpoint reads."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    title = "This kind of body is not read here"


class PayloadTooLargeError(WebError):
    """The body is over its limit."""

    code = "PAYLOAD_TOO_LARGE"
    title = "Too large"


class RateLimitedError(WebError):
    """Too many tries from one client."""

    code = "RATE_LIMITED"
    title = "Too many tries"

    def __init__(self, detail: str = "too many tries", *, retry_after: int = 60) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class SettingsError(WebError):
    """The settings are missing, wrong or unsafe; the message says what to set."""

    code = "CONFIG_REFUSED"
    title = "The settings were refused"


class MigrationPendingError(WebError):
    """The database is older than the code; the message names the command to run."""

    code = "MIGRATION"
    title = "The database has to be migrated first"


class DatabaseNewerError(MigrationPendingError):
    """The database is newer than the code: an older program would misread it."""

    title = "The program is older than the database"


class StorageError(WebError):
    """The database cannot be read or written."""

    code = "STORAGE_ERROR"
    title = "The storage does not answer"
    retry_after = 5


class StorageBusyError(StorageError):
    """Another writer held the database for too long."""

    code = "STORAGE_BUSY"
    title = "Busy, please try again"


class StorageFullError(StorageError):
    """There is no space left to write; what was committed is intact."""

    code = "STORAGE_FULL"
    title = "No space left"
    retry_after = 60


class DatabaseDamagedError(StorageError):
    """The database is torn, was altered, or is gone where there was one; nothing is made in its place."""

    code = "DB_CORRUPT"
    title = "The database is damaged"


class FetchError(WebError):
    """Something outside did not answer as it should."""

    code = "FETCH_FAILED"
    title = "Another service did not answer"
    retry_after = 5


class FetchNotAllowedError(FetchError):
    """The address is none that may be asked."""

    code = "FETCH_NOT_ALLOWED"
    title = "That address is not fetched"
    retry_after = None


class FetchRedirectError(FetchError):
    """The answer points elsewhere, and redirects are not followed."""

    code = "FETCH_REDIRECT"
    title = "Another service redirects"
    retry_after = None


class FetchLimitError(FetchError):
    """The answer is larger or slower than allowed."""

    code = "FETCH_LIMIT"
    title = "Another service's answer is over the limit"


class OAuthError(WebError):
    """An error with a name that OAuth, OpenID4VCI or OpenID4VP gives.

    Args:
        error: The name, such as ``invalid_grant``.
        description: What went wrong, without values from the request; ASCII as RFC 6749 asks.
        status: The HTTP status.
        headers: More response headers, such as ``WWW-Authenticate``.
    """

    code = "OAUTH"
    title = "The request was refused"

    def __init__(
        self,
        error: str,
        description: str = "",
        *,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(description or error)
        self.oauth_error = error
        self.description = description
        self.status = status
        self.headers = dict(headers or {})
