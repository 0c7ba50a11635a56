"""A holder whose wallet talks to real issuers and a real ledger, all in this process."""

import itertools
from hashlib import sha256
from urllib.parse import urlsplit

from issuer import offers, records
from tests.issuer.bank.creditbank import AGREEMENT, COLLEGE, skill
from vc import dates
from wallet import accounts, holding, looking_up, receiving, settings
from wallet.answering import answers
from wallet.converting import agreements, conversions, kept, known
from wallet.migrations import migrations
from wallet.parts import Parts
from web.database import connect
from web.errors import FetchError
from web.fetcher import Response


class Wire:
    """The bodies' network as the wallet's fetcher sees it: forms and headers pass as they are."""

    def __init__(self, wire):
        self.apps, self.away = wire.apps, set()

    def get(self, url, *, max_bytes=1 << 20, accept="*/*", headers=None):
        return self._ask("GET", url, headers={"Accept": accept, **(headers or {})})

    def post(
        self, url, *, json=None, body=None, content_type=None, max_bytes=1 << 20, accept="*/*", headers=None
    ):
        content = {"json": json} if body is None else {"data": body, "content_type": content_type}
        return self._ask("POST", url, headers={"Accept": accept, **(headers or {})}, **content)

    def _ask(self, method, url, **options):
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self.apps or origin in self.away:
            raise FetchError("the service is away")
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        answer = self.apps[origin].test_client().open(path, method=method, base_url=origin, **options)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, headers, answer.data, url)


class Learner:
    """A holder with a wallet in the town."""

    def __init__(self, town, folder):
        self.town, self.wire = town, Wire(town.wire)
        counter = itertools.count()

        def draw(size):
            block = sha256(b"learner %d" % next(counter)).digest()
            return (block * (size // 32 + 1))[:size]

        self.db = connect(folder / "wallet.db", create=True)
        migrations.apply(self.db)
        environ = {
            "WALLET_HOME": str(folder),
            "WALLET_URL": "http://127.0.0.1:8704",
            "WALLET_LEDGER_URL": "http://127.0.0.1:8700",
            "WALLET_VERIFIER_URL": "http://127.0.0.1:8705",
            "WALLET_INSECURE_LOOPBACK": "1",
        }
        self.parts = Parts(
            settings=settings.read(environ),
            ledger=town.node.client("wallet-pins"),
            fetcher=self.wire,
            gate=accounts.PassphraseGate(),
            random=draw,
        )
        self.wallet = accounts.create(
            self.db,
            name="晓雨",
            passphrase="correct horse battery",
            gate=self.parts.gate,
            now=self.now,
            random=draw,
        )

    @property
    def now(self):
        return dates.from_seconds(self.town.now)

    @property
    def at(self):
        return {"parts": self.parts, "now": self.now}

    def certificate(self, **changes):
        """Have a certificate issued, claim it, and have its form anchored."""
        body = self.town.body
        serial = body.db.execute("SELECT count(*) FROM batch").fetchone()[0] + 1
        batch_id = body.batch(skill(serial, **changes))
        body.issue(batch_id)
        body.anchor()
        record = records.search(body.db, batch_id=batch_id)[0]
        uri = offers.mint_direct(body.db, body.parts, record_id=record.id, now=self.town.now).uri
        offered = looking_up.look_up(f"openid-credential-offer://?credential_offer_uri={uri}", **self.at)
        (credential_id,) = receiving.receive(self.db, self.wallet, offered, pin=None, **self.at)
        body.anchor()
        return holding.refresh_one(self.db, self.wallet, credential_id, **self.at)

    def option(self, item, *, college=COLLEGE, programme="460305", chosen=None):
        learner = known.account_of(self.db, self.wallet, college=college, programme=programme, now=self.now)
        found = agreements.options(item, agreements.situation(**self.at), account=learner, chosen=chosen)
        return next((option for option in found if option.agreement_id == AGREEMENT), None)

    def apply(self, item, *, college=COLLEGE, programme="460305", rules=None):
        return conversions.apply(
            self.db,
            self.wallet,
            item,
            self.option(item, college=college, programme=programme),
            college=college,
            programme=programme,
            rules=rules,
            **self.at,
        )

    def agree(self, asked, *, anchored=True):
        (choice,) = answers.choices(self.db, self.wallet, asked, now=self.now)
        done = answers.agree(
            self.db, self.wallet, asked.request_id, {choice.query_id: choice.usual}, **self.at
        )
        if anchored:
            self.town.bank.anchor()
        conversions.refresh_one(self.db, self.wallet, asked.conversion, **self.at)
        return done, kept.one(self.db, self.wallet, asked.conversion)
