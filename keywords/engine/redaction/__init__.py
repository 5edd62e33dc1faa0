"""Redaction: texts and bytes without secrets, and printable."""
