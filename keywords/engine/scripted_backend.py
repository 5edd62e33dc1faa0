"""The command `python -m keywords.engine.scripted_backend`; see `keywords.engine.scripted.backend`."""

from keywords.engine.scripted.backend import main

if __name__ == "__main__":
    main()
