"""Traceability from requirements to rows and their evidence."""
