"""Anthropic's Messages, translated to and from chat where a backend does not speak them."""
