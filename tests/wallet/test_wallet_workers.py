"""The wallet as people run it: several worker processes, killed and started again."""

import os
import re
import signal
import subprocess
import sys
import time

import httpx
import pytest

from ledger.proof.pins import Pin
from tests.ports import free_port

PASSPHRASE = "correct horse battery"
WORKERS = 3

pytestmark = pytest.mark.e2e


@pytest.fixture
def service(tmp_path, guarded_environment):
    """Start the wallet with several workers; accounts and sessions do not mind that its ledger is silent."""
    port = free_port()
    pin = Pin("urn:vocred:ledger:" + "0" * 64, 1, (), single=True, earlier={}, size=1, root=bytes(32))
    (tmp_path / "pin.start").write_bytes(pin.to_bytes())
    environment = {
        **guarded_environment,
        "WALLET_HOME": str(tmp_path),
        "WALLET_URL": f"http://127.0.0.1:{port}",
        "WALLET_PORT": str(port),
        "WALLET_LEDGER_URL": f"http://127.0.0.1:{free_port()}",
        "WALLET_LEDGER_PIN": str(tmp_path / "pin.start"),
        "WALLET_VERIFIER_URL": "http://127.0.0.1:9",
        "WALLET_INSECURE_LOOPBACK": "1",
    }
    running = []

    def start():
        command = [sys.executable, "-m", "vocred", "serve", "wallet", "--workers", str(WORKERS)]
        process = subprocess.Popen(command, env=environment, start_new_session=True)
        running.append(process)
        url = environment["WALLET_URL"]
        for _ in range(600):
            try:
                httpx.get(url, trust_env=False)
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                return url
        raise AssertionError("the wallet did not start")

    def kill():
        os.killpg(running[-1].pid, signal.SIGKILL)
        running.pop().wait()

    yield start, kill
    for process in running:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Browser:
    """Keeps cookies, and opens a new connection for each request, so that any worker may get it."""

    def __init__(self, url):
        self.url = url
        self.cookies = httpx.Cookies()

    def ask(self, method, path, **options):
        with httpx.Client(base_url=self.url, cookies=self.cookies, trust_env=False, timeout=30) as client:
            answer = client.request(method, path, headers={"Accept": "text/html"}, **options)
            self.cookies = client.cookies
            return answer

    def post(self, path, *, page, **fields):
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.ask("GET", page).text).group(1)
        return self.ask("POST", path, data={"csrf_token": token, **fields})


def test_session_made_by_one_worker_is_served_and_ended_by_all(service):
    start, _ = service
    browser = Browser(start())
    browser.post("/setup", page="/setup", name="晓雨", passphrase=PASSPHRASE, again=PASSPHRASE)
    assert [browser.ask("GET", "/certificates").status_code for _ in range(30)] == [200] * 30
    replayed = Browser(browser.url)
    replayed.cookies = httpx.Cookies(browser.cookies)
    browser.post("/logout", page="/settings")
    assert [replayed.ask("GET", "/certificates").status_code for _ in range(30)] == [303] * 30


def test_kill_of_every_process_loses_neither_account_nor_session(service):
    start, kill = service
    browser = Browser(start())
    browser.post("/setup", page="/setup", name="晓雨", passphrase=PASSPHRASE, again=PASSPHRASE)
    kill()
    start()
    assert browser.ask("GET", "/certificates").status_code == 200
    other = Browser(browser.url)
    answer = other.post("/login", page="/login", name="晓雨", passphrase=PASSPHRASE)
    assert answer.headers["Location"] == "/certificates"


def test_wrong_passphrases_count_over_all_workers(service):
    start, _ = service
    browser = Browser(start())
    browser.post("/setup", page="/setup", name="晓雨", passphrase=PASSPHRASE, again=PASSPHRASE)
    browser.post("/logout", page="/settings")
    answers = [
        browser.post("/login", page="/login", name="晓雨", passphrase="something else").status_code
        for _ in range(12)
    ]
    assert answers == [401] * 10 + [429] * 2
