"""How gunicorn serves `service.app:create_app()`, in the containers and under scripts/serve."""

import json
import os
import resource
import shutil
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

from gunicorn import util
from prometheus_client import multiprocess

socket = os.environ.get("GRIDPATROL_SOCKET")  # a file instead of an address, behind a proxy on this machine
bind = (
    f"unix:{socket}"
    if socket
    else f"{os.environ.get('GRIDPATROL_BIND', '127.0.0.1')}:{os.environ.get('GRIDPATROL_PORT', '8080')}"
)
worker_class = os.environ.get("GRIDPATROL_WORKER_CLASS", "gthread")
workers = int(os.environ.get("GRIDPATROL_WORKERS", "2"))
threads = int(os.environ.get("GRIDPATROL_THREADS", "8"))
wsgi_app = "service.app:create_app()"

worker_connections = 4000  # of a process that tells events
timeout = 30
graceful_timeout = 2 if worker_class == "gevent" else 30  # streams do not end by themselves; clients resume
keepalive = 5
max_requests = 5000
max_requests_jitter = 500
limit_request_line = 8190
limit_request_field_size = 72000  # a token of any length gets our own answer
limit_request_fields = 50
worker_tmp_dir = "/dev/shm"
control_socket_disable = True

figures = os.environ.get("PROMETHEUS_MULTIPROC_DIR")  # where the workers count together


def on_starting(_arbiter):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536), most))  # one a connection, and more
    if figures:
        shutil.rmtree(figures, ignore_errors=True)
        Path(figures).mkdir(parents=True)


def child_exit(_arbiter, worker):
    if figures:
        multiprocess.mark_process_dead(worker.pid)


def write_problem(client, status, _reason, _message):
    """Answer what is no request that the application could be given: a problem document (RFC 9457), too."""
    title = HTTPStatus(status).phrase
    kind = title.lower().replace(" ", "-")
    if status == 400:
        kind, title = "unreadable", "The request cannot be read"
    problem = {"type": f"/problems/{kind}", "title": title, "status": status, "trace_id": uuid4().hex}
    body = json.dumps(problem)
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Connection: close",
        "Content-Type: application/problem+json",
        "X-Content-Type-Options: nosniff",
        f"Content-Length: {len(body)}",
    ]
    util.write_nonblock(client, "\r\n".join([*head, "", body]).encode())


util.write_error = write_problem  # every kind of worker calls this one; gunicorn has no setting for it


def post_worker_init(worker):
    """The first photo need not wait until its decoder has started."""
    from service.media.sandbox import DECODER  # noqa: PLC0415 - the path to it is known only here

    if worker_class == "gthread":
        DECODER.warm(worker.wsgi.settings.photo_pixels)
