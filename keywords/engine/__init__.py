"""Robot-free Python under the keywords: usable from a REPL and from pytest."""
