"""One thread a test: small tensors gain nothing from more, and a busy machine loses much."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
