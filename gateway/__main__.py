"""`python -m gateway` is the `gateway` command, also where the environment's scripts are not on the path."""

from gateway.cli.main import app

if __name__ == "__main__":
    app()
