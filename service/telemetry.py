"""Logs as JSON lines and Prometheus figures; neither holds a position, a name or a query string."""

import logging
import os
import sys
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess

REQUESTS = Counter("gridpatrol_requests", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram("gridpatrol_request_seconds", "Time to answer", ["method", "route"])
ITEMS = Counter("gridpatrol_upload_items", "Uploaded items by verdict", ["status"])
log = structlog.get_logger()


def configure(level: str) -> None:
    """Write every log line, our own and the libraries', as one JSON object on standard error."""
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    shared: list[Any] = [structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, stamp]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processor=structlog.processors.JSONRenderer()
        )
    )
    logging.basicConfig(handlers=[handler], level="WARNING", force=True)


def figures() -> bytes:
    """The Prometheus text of this process, or of all workers where they share a folder."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry)
