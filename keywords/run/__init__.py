"""The run context that all keyword libraries share: target, needs, scopes, evidence, verdicts."""
