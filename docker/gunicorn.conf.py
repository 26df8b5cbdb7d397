"""How gunicorn serves `service.app:create_app()`, in the containers and under scripts/serve."""

import os
import shutil
from pathlib import Path

from prometheus_client import multiprocess

bind = f"{os.environ.get('GRIDPATROL_BIND', '127.0.0.1')}:{os.environ.get('GRIDPATROL_PORT', '8080')}"
worker_class = os.environ.get("GRIDPATROL_WORKER_CLASS", "gthread")
workers = int(os.environ.get("GRIDPATROL_WORKERS", "2"))
threads = int(os.environ.get("GRIDPATROL_THREADS", "8"))
wsgi_app = "service.app:create_app()"

timeout = 30
graceful_timeout = 30
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
    if figures:
        shutil.rmtree(figures, ignore_errors=True)
        Path(figures).mkdir(parents=True)


def child_exit(_arbiter, worker):
    if figures:
        multiprocess.mark_process_dead(worker.pid)


def post_worker_init(worker):
    """The first photo need not wait until its decoder has started."""
    from service.media.sandbox import DECODER  # noqa: PLC0415 - the path to it is known only here

    if worker_class == "gthread":
        DECODER.warm(worker.wsgi.settings.photo_pixels)
