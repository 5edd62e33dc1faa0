"""`python -m gateway` is the `gateway` command, for environments whose scripts are not on the path."""

from gateway.cli.main import app

if __name__ == "__main__":
    app()
