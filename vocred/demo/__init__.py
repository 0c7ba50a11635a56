"""``vocred demo``: a chapter of docs/story.md on this machine, then everything stays up to look at."""

import shlex
import signal
import sys
import time
from pathlib import Path

import click

from vocred.demo import places
from vocred.demo.chapter import Chapter
from vocred.demo.consortium import ConsortiumStory
from vocred.demo.recognition import Recognition
from vocred.demo.story import Story
from vocred.demo.world import DemoError, World, prepare, require_free

CHAPTERS: dict[str, type[Chapter]] = {"life": Story, "recognition": Recognition}


@click.command()
@click.option("--story", type=click.Choice(list(CHAPTERS)), default="life", show_default=True)
@click.option(
    "--consortium", is_flag=True, help="The life chapter on four nodes, one of which stops in the middle."
)
@click.option("--once", is_flag=True, help="End after the story; exit status 0 only if all went as told.")
@click.option("--home", type=click.Path(path_type=Path), default=Path(".demo"), show_default=True)
@click.option("--first-port", type=click.IntRange(1024, 65000), default=places.FIRST_PORT, show_default=True)
def demo(story: str, consortium: bool, once: bool, home: Path, first_port: int) -> None:
    """Act out a chapter on this machine: a ledger, issuers, a wallet and a verifier, as real processes."""
    if consortium and story != "life":
        raise click.UsageError("--consortium acts out the chapter life")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    world = World(home.absolute())
    try:
        chapter = (ConsortiumStory if consortium else CHAPTERS[story])(
            world,
            say=lambda text, link: click.echo(
                f"{time.monotonic() - started:5.1f} s  {text}\n         {link}"
            ),
        )
        world.places.update(chapter.places(first_port=first_port))
        require_free(world.places.values())
        prepare(world.home)
        world.write_environments()
        chapter.tell()
        click.echo(f"Every verdict was the expected one ({time.monotonic() - started:.0f} s).")
        if not once:
            _stay_up(chapter)
    except DemoError as error:
        raise click.ClickException(str(error)) from error
    finally:
        world.close()


def _stay_up(chapter: Chapter) -> None:
    world = chapter.world
    services = {name: place for name, place in world.places.items() if place.kind}
    world.start(*(name for name in services if name not in world.processes))
    for name, place in services.items():
        click.echo(f"{name:<16}{place.url}")
    for line in farewell(chapter):
        click.echo(line)
    while True:
        signal.pause()


def farewell(chapter: Chapter) -> list[str]:
    """Say who can sign in where, with what, and how to go on by hand."""
    officers = ", ".join(f"{name} / {phrase}" for name, phrase in places.OFFICERS.items())
    lines = [f"officers   {officers}"]
    if chapter.at_home:
        lines.append(f"governance {places.PASSPHRASES['ISSUER_GOVERNANCE_PASSPHRASE']}")
    lines.append(f"wallets    {', '.join(chapter.holders)} / {places.PASSPHRASES['WALLET_PASSPHRASE']}")
    settings = shlex.quote(str(chapter.world.home / "college.env"))
    return [*lines, f"By hand: `. {settings}`, then `vocred issuer --help`. Ctrl-C stops all."]
