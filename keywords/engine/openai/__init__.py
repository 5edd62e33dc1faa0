"""OpenAI's API from a client's side: requests, answers, conformance."""
