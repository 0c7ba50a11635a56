"""A browser of one holder, and a clock that a test moves."""

import re

from tests.wallet.doubles import NOW
from vc import shares

BASE = "https://wallet.example"
PASSPHRASE = "correct horse battery"


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


class Browser:
    """A browser of one holder: it keeps cookies and fills in the form's token."""

    def __init__(self, app):
        self.client = app.test_client()

    def get(self, path, **options):
        return self.client.get(path, base_url=BASE, headers={"Accept": "text/html"}, **options)

    def post(self, path, *, page=None, **fields):
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page or "/settings").text)
        token = token or re.search(r'name="csrf_token" value="([^"]+)"', self.get("/O").text)
        return self.client.post(
            path,
            base_url=BASE,
            headers={"Accept": "text/html"},
            data={"csrf_token": token.group(1), **fields},
        )

    def set_up(self, name="晓雨"):
        return self.post("/setup", page="/setup", name=name, passphrase=PASSPHRASE, again=PASSPHRASE)

    def claim(self, code, pin="123456"):
        self.post("/claim", page="/O", given=code)
        return self.post("/claim/pin", page="/claim/pin", pin=pin)

    def certificates(self):
        return re.findall(r'href="/certificates/([0-9a-f]{32})"', self.get("/certificates").text)

    def share(self, *certificates, days="30"):
        answer = self.post("/share", page="/share", certificate=list(certificates), days=days)
        page = self.get(answer.headers["Location"]).text
        return shares.parse_link(re.search(r'id="link"[^>]* value="([^"]+)"', page).group(1))
