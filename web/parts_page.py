"""A page that shows every part with all its states, for those who change the look.

    flask --app web.parts_page run

No service registers it: it exists in development only. ``?service=issuer`` shows another accent.
"""

from pathlib import Path
from types import SimpleNamespace

from flask import Flask, render_template, request

from web import qr
from web.app import create_service
from web.problem_codes import REGISTRY
from web.settings import ServiceSettings

SERVICES = ("issuer", "wallet", "verifier", "ledger")
PRINTED = "HTTPS://V.YUNLING.EDU.EXAMPLE/C#7ZK0123456789ABCDEFGHJK5"


def create_app(url: str = "http://127.0.0.1:5000") -> Flask:
    """Make the application with the one page, at ``/``."""
    settings = ServiceSettings(home=Path(), url=url, insecure_loopback=True)
    app = create_service("verifier", settings=settings, import_name="web")

    @app.get("/")
    def parts() -> str:
        wish = request.args.get("service")
        return render_template(
            "web/parts_page.html",
            codes=REGISTRY,
            qr_svg=qr.svg(PRINTED, label="QR", level="Q"),
            service=wish if wish in SERVICES else "verifier",
            services=SERVICES,
            long_name="阿卜杜热合曼·买买提艾力江·" * 4,
            rows=[
                SimpleNamespace(
                    number=f"YL-2026-{n:04}", name="林晓雨", old="工业机器人", new="工业机器人技术"
                )
                for n in range(3)
            ],
        )

    return app
