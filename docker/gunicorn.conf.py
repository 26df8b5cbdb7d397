"""How gunicorn serves `service.app:create_app()`, in the containers and under scripts/serve."""

import os
import shutil
from pathlib import Path

from prometheus_client import multiprocess

socket = os.environ.get("GRIDPATROL_SOCKET")  # a file instead of an address, behind a proxy on this machine
bind = f"unix:{socket}" if socket else f"{os.environ.get('GRIDPATROL_BIND', '127.0.0.1')}:{os.environ.get('GRIDPATROL_PORT', '8080')}"
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
