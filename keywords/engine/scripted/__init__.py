"""The scripted backend; `keywords.engine.scripted.backend` is its interface."""
