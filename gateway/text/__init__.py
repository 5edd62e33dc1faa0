"""Pure functions on texts and JSON: templates, control tokens, nesting, server-sent events."""
