"""The sizes and times that the web layer grants. The limits of documents are in ``vc.limits``."""

JSON_BODY_BYTES = 512 * 1024
"""Largest request body, unless a view says otherwise with ``web.app.body_limit``."""

UPLOAD_BYTES = 10 * 1024 * 1024
"""Largest uploaded file, with the multipart framing around it."""

FORM_PARTS = 1_000
"""Most parts of a multipart body, and so most fields of a form."""

HEADER_BYTES = 16 * 1024
"""Largest single request header that a view ever sees."""

URL_CHARS = 2_048
"""Longest address that the fetcher takes."""

FETCH_BYTES = 1024 * 1024
"""Largest answer that the fetcher reads when the caller names no size."""

FETCH_LARGE_BYTES = 4 * 1024 * 1024
"""Largest answer for buckets, indexes and notices."""

FETCH_SECONDS = 3.0
"""Time for one fetch: name lookup, connection, request and the whole answer."""

RETRY_AFTER_SECONDS = 5
"""What a client is told when something is busy or away."""

SECRET_BYTES = 32
"""Length of a service's secret; a shorter one is refused."""
