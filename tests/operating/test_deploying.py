"""What lies in ``deploy``, and what the documents tell to type, names settings and commands that exist."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from vocred.cli import cli
from vocred.operating.instances import SERVICES, _reader
from vocred.serving import PORTS
from web.settings import make_secret_key

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
OF_SERVE = {"PORT", "WORKERS"}
"""Settings that ``vocred serve`` reads itself."""


class Noting(Mapping[str, str]):
    """An environment that notes what is asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values, self.asked = values, set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def example(service: str) -> dict[str, str]:
    """Return a service's example settings."""
    lines = (DEPLOY / "env" / f"{service}.env.example").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def resolve(words: list[str]) -> None:
    """Check that a command of ours takes these words, as far as they go without being run."""
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group) and words:
        found = command.get_command(context, words[0])
        assert found is not None, f"no command {words[0]}"
        command, words = found, words[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    assert not isinstance(command, click.Group), f"{command.name} needs a command behind it"
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
    assert not unknown, f"{command.name} has no {unknown}"


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_of_an_example_is_read_and_accepted(service: str, tmp_path: Path) -> None:
    prefix = service.upper()
    values = example(service)
    home = tmp_path / service
    home.mkdir()
    make_secret_key(home)
    pin = tmp_path / "pin"
    pin.touch()
    here = {f"{prefix}_HOME": str(home)}
    if f"{prefix}_LEDGER_PIN" in values:
        here[f"{prefix}_LEDGER_PIN"] = str(pin)
    noting = Noting({**values, **here})
    settings = _reader(service)(noting)
    assert settings.url.startswith("https://")
    unread = {name.removeprefix(f"{prefix}_") for name in values.keys() - noting.asked}
    assert unread <= OF_SERVE
    assert int(values[f"{prefix}_PORT"]) == PORTS[service]


def compose() -> dict[str, Any]:
    """Return the Compose file."""
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("service", SERVICES)
def test_the_compose_file_runs_commands_of_ours_with_the_example_settings(service: str) -> None:
    found = compose()["services"][service]
    resolve(found["command"])
    assert (DEPLOY / f"{found['env_file']}.example").is_file()
    assert f":{example(service)[f'{service.upper()}_PORT']}/health" in found["healthcheck"]["test"][-1]
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    homes = [volume.partition(":") for volume in found["volumes"]]
    assert homes[0][0] in compose()["volumes"]
    assert example(service)[f"{service.upper()}_HOME"].startswith(homes[0][2])


def test_the_compose_file_has_no_service_that_is_not_explained() -> None:
    assert set(compose()["services"]) == {*SERVICES, "proxy"}
    assert compose()["services"]["wallet"]["profiles"] == ["wallet"]


def test_the_proxy_leads_to_every_service_and_shows_nobody_its_figures() -> None:
    text = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    for service in SERVICES:
        host = example(service)[f"{service.upper()}_URL"].removeprefix("https://")
        assert re.search(
            rf"^{re.escape(host)} {{\n\timport service\n\treverse_proxy {service}:{PORTS[service]}\n}}",
            text,
            re.M,
        )
    assert "respond @figures 404" in text


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_commands_of_ours(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    commands = re.findall(r"/opt/vocred/bin/vocred ([^\n']+)", text)
    assert commands
    for command in commands:
        words = shlex.split(command.replace("%i", "issuer").replace("$$(", "").replace(")", ""))
        resolve(words)
    assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "UMask=0077", "CapabilityBoundingSet="} <= set(
        text.splitlines()
    )


@pytest.mark.parametrize("service", SERVICES)
def test_a_unit_reads_the_settings_of_its_service(service: str) -> None:
    text = (DEPLOY / "systemd" / f"vocred-{service}.service").read_text(encoding="utf-8")
    assert f"EnvironmentFile=/etc/vocred/{service}.env" in text
    assert f"ReadWritePaths={Path(example(service)[f'{service.upper()}_HOME']).parent}" in text


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    """Everything but whether the programs are installed: ``true`` stands for them."""
    for path in (DEPLOY / "systemd").iterdir():
        text = path.read_text(encoding="utf-8").replace("/opt/vocred/bin/vocred", "/usr/bin/true")
        name = path.name.replace("@", "@issuer") if "@." in path.name else path.name
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "vocred" in line]
    assert ours == []


def _told() -> list[tuple[str, str]]:
    """Return every command of ours that the operations' documents tell to type."""
    pages = [ROOT / "docs" / "operations.md", *sorted((ROOT / "docs" / "operations").glob("*.md"))]
    found = []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        blocks = [line.strip() for line in text.splitlines() if line.startswith("    ")]
        inline = re.findall(r"`([^`]+)`", text)
        for piece in [*blocks, *inline]:
            command = re.match(r"(?:[A-Z_]+=\S+ )*vocred ((?:[a-z][a-z.-]+ ?)+.*)", piece)
            if command:
                found.append((page.name, command.group(1)))
    return found


def test_the_documents_tell_only_commands_that_exist() -> None:
    told = _told()
    assert len(told) > 30
    wrong = []
    for page, command in told:
        words = re.sub(r"[#|…].*", "", command).replace("'", "").split()
        try:
            resolve([word for word in words if not word.startswith("[")])
        except AssertionError as error:
            if "needs a command behind it" not in str(error):
                wrong.append(f"{page}: vocred {command}: {error}")
    assert wrong == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs" / "operations").glob("*.md"):
        assert f"(operations/{page.name})" in index
    links = re.findall(r"\]\(([^)#:]+\.md)", index)
    assert all((ROOT / "docs" / link).is_file() for link in links)
