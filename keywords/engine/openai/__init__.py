"""OpenAI's API from a client's side: asking, reading, judging conformance."""
