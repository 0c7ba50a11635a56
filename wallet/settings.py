"""The wallet's settings, read once from ``WALLET_*``.

Example::

    WALLET_HOME=/srv/wallet                     wallet.db, secret.key and the ledger pin lie here
    WALLET_URL=https://wallet.example           this service, as others reach it
    WALLET_LEDGER_URL=https://ledger.example    the nodes that are asked, with commas between them
    WALLET_LEDGER_PIN=/srv/ledger.pin           the pin to start from, for a first start only
    WALLET_VERIFIER_URL=https://v.example       the host on which share links open
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crypto.keys import PrivateKey
from crypto.sealing import hkdf
from web.errors import SettingsError
from web.settings import Environment, ServiceSettings

TAG_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TAG_LENGTH = 4
DATABASE_FILE = "wallet.db"
PIN_FILE = "pin"


@dataclass(frozen=True, kw_only=True)
class WalletSettings(ServiceSettings):
    """What the wallet needs to know beyond what every service does.

    Attributes:
        ledger_url: The ledger nodes that are asked, with commas between them.
        ledger_pin: The pin file to start from, or None once the home holds a pin.
        verifier_url: Base URL of the host on which share links open.
        tag: The four characters under which the registry knows this wallet.
    """

    ledger_url: str
    ledger_pin: Path | None
    verifier_url: str
    tag: str

    @property
    def database(self) -> Path:
        """The wallet's one database file."""
        return self.home / DATABASE_FILE

    @property
    def pin(self) -> Path:
        """The file in which the highest ledger checkpoint is remembered."""
        return self.home / PIN_FILE

    @property
    def registry_key(self) -> PrivateKey:
        """The key that the registry holds for this wallet; it comes out of the instance's secret."""
        return PrivateKey.from_bytes(
            "Ed25519", hkdf(self._secret, info="vocred/wallet/1/registry-key", length=32)
        )

    @property
    def _secret(self) -> bytes:
        assert self.secret_key is not None
        return self.secret_key


def read(environ: Mapping[str, str]) -> WalletSettings:
    """Read and check the settings; the instance's secret is made at first use.

    Raises:
        SettingsError: Something is missing, wrong or unsafe.
    """
    env = Environment(environ, prefix="WALLET")
    service = env.service(make_secret=True)
    return WalletSettings(
        **service,
        ledger_url=env.urls("LEDGER_URL"),
        ledger_pin=env.file("LEDGER_PIN"),
        verifier_url=env.url("VERIFIER_URL"),
        tag=_tag(env.text("TAG", default=suggested_tag(service["secret_key"]))),
    )


def suggested_tag(secret: bytes) -> str:
    """Give the tag that this instance asks the registry for: 20 bits out of its secret."""
    bits = int.from_bytes(hkdf(secret, info="vocred/wallet/1/registry-tag", length=4), "big")
    return "".join(TAG_ALPHABET[(bits >> 5 * place) & 31] for place in range(TAG_LENGTH))


def _tag(text: str) -> str:
    if len(text) != TAG_LENGTH or any(character not in TAG_ALPHABET for character in text):
        raise SettingsError("WALLET_TAG must be the four characters that the registry holds")
    return text
