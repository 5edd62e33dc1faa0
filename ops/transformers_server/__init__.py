"""A small server around Hugging Face's transformers, for GPU machines that have PyTorch and transformers only."""
