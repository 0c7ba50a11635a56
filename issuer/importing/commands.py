"""``vocred issuer template``: an import template without a browser."""

import json
from pathlib import Path

import click

from issuer import institution
from issuer.command_line import opened
from issuer.importing.templates import template as workbook
from issuer.importing.templates import templates_of
from schemas.catalogue import CATALOGUE


@click.command("template")
@click.argument("credential_type", type=click.Choice(sorted(CATALOGUE)))
@click.option("--map", "column_map", help="Which of the type's templates, where it has several.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to write it; else <map>.xlsx here."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def template(credential_type: str, column_map: str | None, out: Path | None, as_json: bool) -> None:
    """Write the empty XLSX file in which a register of CREDENTIAL_TYPE is filled in."""
    names = [name for name, _ in templates_of(credential_type)]
    chosen = column_map or names[0]
    if chosen not in names:
        raise click.BadParameter(f"{credential_type} has {', '.join(names)}", param_hint="--map")
    with opened() as session:
        body = institution.load(session.db).registrar
    target = out or Path(f"{chosen}.xlsx")
    target.write_bytes(workbook(credential_type, map=chosen, institution=body))
    said = {"type": credential_type, "map": chosen, "file": str(target)}
    click.echo(json.dumps(said, ensure_ascii=False) if as_json else f"wrote {target}")


COMMANDS = (template,)
