"""The parts of the scripted backend; `keywords.engine.scripted_backend` puts them together."""
