"""`gateway models`: the embedded model's weights on this machine."""

import typer

from gateway.backends.llamacpp import weights

app = typer.Typer(help="The weights of the embedded model.", no_args_is_help=True)

_STATES = {
    "good": "present, checksum good",
    "damaged": "present, checksum WRONG: run `gateway models pull`",
    "absent": "absent: run `gateway models pull`",
}
_UNPINNED = "in use, checksum not pinned"


@app.command()
def pull() -> None:
    """Fetch the embedded model's weights into the user cache, unless they are there already."""
    from gateway.cli.tables import progress  # noqa: PLC0415  # `gateway serve` would wait for its imports

    model = weights.SMOLLM2
    if own := weights.own_model():
        try:
            weights.check_gguf(own, "GATEWAY_MODEL")
        except weights.EmbeddedModelError as error:
            raise _failed(error) from error
        typer.echo(f"GATEWAY_MODEL is set: {own} is used, nothing to pull")
        return
    try:
        with progress(model) as report:
            result = weights.pull(model, report)
    except weights.EmbeddedModelError as error:
        raise _failed(error) from error
    typer.echo(f"{model.id}: {result}, checksum good: {model.path}")


@app.command("list")
def list_models() -> None:
    """Show the model files that the gateway knows, and whether they are present and unharmed."""
    from gateway.cli.tables import megabytes, print_table  # noqa: PLC0415  # see `pull`

    model = weights.SMOLLM2
    state = _STATES[model.state()]
    rows = [(model.id, str(model.path), megabytes(model.size), model.licence, model.requirement, state)]
    if own := weights.own_model():
        try:
            size, state = megabytes(weights.check_gguf(own, "GATEWAY_MODEL").stat().st_size), _UNPINNED
        except weights.EmbeddedModelError as error:
            size, state = "", str(error)
        rows.append(("(own file)", str(own), size, "", "GATEWAY_MODEL", state))
    print_table(("id", "file", "size", "licence", "source", "state"), rows)


def _failed(error: weights.EmbeddedModelError) -> typer.Exit:
    typer.echo(f"error: {error}", err=True)
    return typer.Exit(code=1)
