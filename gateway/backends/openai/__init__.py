"""Backends that speak OpenAI's format: any compatible server, Azure OpenAI, NVIDIA NIM."""
