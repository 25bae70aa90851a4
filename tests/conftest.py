"""One thread a test: small tensors gain nothing from more, and a busy machine loses much."""

import torch

torch.set_num_threads(1)
