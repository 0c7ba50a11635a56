"""What a service measures of itself, in the text form that Prometheus reads.

    init_app(app, ...)      ``GET /metrics``; requests, latencies and refusals count themselves from then on
    counter(app, ...)       something that happened: whoever makes it happen calls ``inc()``
    histogram(app, ...)     how long something took: whoever measured calls ``observe(seconds)``
    gauge(app, ...)         how things stand: a function that is called whenever somebody reads the figures

Names are ``vocred_<service>_<what>_<unit>``. Every application has a registry of its own, so that two of
them in one process do not mix. Where a service has several web processes, counters and histograms lie in
files that all of them read (``PROMETHEUS_MULTIPROC_DIR``, set by ``vocred serve``); gauges read the
database or a file, so that every process gives the same answer.

Figures never carry a name, an identifier of a person, a code or an address: labels come from lists that
the code knows. They tell how many certificates an institution makes, so they are read from this machine or
from the networks of ``<SERVICE>_METRICS_FROM`` only, and never through a proxy that did not say for whom.
"""

import ipaddress
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from web.errors import ForbiddenError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Reading = float | Mapping[Sequence[str], float] | None
"""A gauge's answer: one number, numbers by the values of its labels, or None when there is none to give."""

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0)
"""Upper ends of the classes into which latencies fall."""

_EXTENSION = "vocred_metrics"
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_SHARED_FILES = "PROMETHEUS_MULTIPROC_DIR"

logger = logging.getLogger(__name__)
blueprint = Blueprint("metrics", __name__)


@dataclass(frozen=True)
class Metrics:
    """The figures of one application.

    Attributes:
        service: The second part of every name.
        registry: What ``/metrics`` shows.
        readers: Networks beside loopback that may read.
    """

    service: str
    registry: CollectorRegistry
    readers: tuple[Network, ...]

    def name(self, what: str) -> str:
        """Return the full name of a figure."""
        return f"vocred_{self.service}_{what}"


def init_app(app: Flask, *, database: Path | None = None, readers: Iterable[Network] = ()) -> None:
    """Count the application's requests, and let the figures be read.

    Args:
        app: The application; ``app.config["SERVICE"]`` is its name.
        database: Its database, whose size and write-ahead log are watched.
        readers: Networks that may read beside this machine itself.
    """
    found = Metrics(app.config["SERVICE"], CollectorRegistry(), tuple(readers))
    app.extensions[_EXTENSION] = found
    if os.environ.get(_SHARED_FILES):
        MultiProcessCollector(found.registry)
    requests = counter(app, "requests", "Requests answered", ("endpoint", "method", "status"))
    refusals = counter(app, "refusals", "Requests refused, by code", ("code",))
    seconds = histogram(app, "request_seconds", "Time from a request to its answer", ("endpoint",))
    app.before_request(_start_watch)
    app.after_request(lambda response: _count(response, requests, refusals, seconds))
    if database is not None:
        gauge(app, "database_bytes", "Size of the database", lambda: _size(database))
        log = database.with_name(database.name + "-wal")
        gauge(app, "write_ahead_log_bytes", "Size of the database's write-ahead log", lambda: _size(log))


def counter(app: Flask, what: str, meaning: str, labels: Sequence[str] = ()) -> Counter:
    """Return a new counter, shown as ``vocred_<service>_<what>_total``.

    Args:
        app: The application.
        what: What is counted, in the plural.
        meaning: A sentence for whoever reads the figures.
        labels: Names of its labels, whose values have to come from a short list.
    """
    found = _metrics(app)
    return Counter(found.name(what), meaning, labels, registry=_keeper(found))


def histogram(app: Flask, what: str, meaning: str, labels: Sequence[str] = ()) -> Histogram:
    """Return a new histogram of seconds; ``what`` ends in ``_seconds``."""
    found = _metrics(app)
    return Histogram(found.name(what), meaning, labels, registry=_keeper(found), buckets=SECONDS)


def gauge(
    app: Flask, what: str, meaning: str, read: Callable[[], Reading], labels: Sequence[str] = ()
) -> None:
    """Show what ``read`` returns whenever the figures are read.

    Args:
        app: The application.
        what: What is measured and its unit, such as ``checkpoint_age_seconds``.
        meaning: A sentence for whoever reads the figures.
        read: Gives the figure; it runs in the application's context, within milliseconds. One that raises
            is left out this time and logged: the other figures are wanted most when something is broken.
        labels: Names of its labels; ``read`` then returns a mapping from tuples of their values.
    """
    found = _metrics(app)
    found.registry.register(_Gauge(found.name(what), meaning, tuple(labels), read))


@blueprint.get("/metrics")
def show() -> Response:
    """Give the figures to whoever may read them."""
    found = _metrics(current_app)
    _check_reader(found.readers)
    return Response(generate_latest(found.registry), content_type=CONTENT_TYPE_LATEST)


@dataclass(frozen=True)
class _Gauge:
    """Reads one figure at the moment at which it is asked for."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    read: Callable[[], Reading]

    def describe(self) -> Iterable[Metric]:
        """Tell the name without reading."""
        return [GaugeMetricFamily(self.name, self.meaning, labels=self.labels)]

    def collect(self) -> Iterable[Metric]:
        """Read."""
        family = GaugeMetricFamily(self.name, self.meaning, labels=self.labels)
        for values, value in self._reading().items():
            family.add_metric([str(each) for each in values], value)
        return [family]

    def _reading(self) -> Mapping[Sequence[str], float]:
        try:
            reading = self.read()
        except Exception:
            # One figure that cannot be read must not take the others with it.
            logger.warning("gauge_unreadable name=%s", self.name, exc_info=True)
            return {}
        if reading is None:
            return {}
        return reading if isinstance(reading, Mapping) else {(): reading}


def _check_reader(readers: Iterable[Network]) -> None:
    """Let this machine and the networks named read.

    Raises:
        ForbiddenError: The request comes from elsewhere, or through a proxy that nobody configured, behind
            which everybody looks like this machine.
    """
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    if forwarded and "werkzeug.proxy_fix.orig" not in request.environ:
        raise ForbiddenError("the figures are not read through a proxy that PROXY_HOPS does not count")
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError as error:
        raise ForbiddenError("the figures are read from known addresses only") from error
    address = getattr(address, "ipv4_mapped", None) or address
    if not address.is_loopback and not any(address in network for network in readers):
        raise ForbiddenError("the figures are read from this machine and its METRICS_FROM networks only")


def _start_watch() -> None:
    g.request_started = time.perf_counter()


def _count(response: Response, requests: Counter, refusals: Counter, seconds: Histogram) -> Response:
    # A route's name, never the path: paths carry identifiers, and strangers could invent any number of them.
    endpoint = request.endpoint or "none"
    method = request.method if request.method in _METHODS else "other"
    requests.labels(endpoint, method, str(response.status_code)).inc()
    if "request_started" in g:
        seconds.labels(endpoint).observe(time.perf_counter() - g.request_started)
    if "refused_with" in g:
        refusals.labels(g.refused_with).inc()
    return response


def _keeper(found: Metrics) -> CollectorRegistry | None:
    """Return where counters register; shared ones are read from their files instead."""
    return None if os.environ.get(_SHARED_FILES) else found.registry


def _metrics(app: Any) -> Metrics:
    found: Metrics = app.extensions[_EXTENSION]
    return found


def _size(path: Path) -> float | None:
    try:
        return float(path.stat().st_size)
    except FileNotFoundError:
        return None
