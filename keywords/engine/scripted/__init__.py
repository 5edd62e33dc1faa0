"""The parts of the scripted backend; `keywords.engine.scripted.backend` puts them together."""
