"""The gateway's refusals and failures, as exceptions."""
