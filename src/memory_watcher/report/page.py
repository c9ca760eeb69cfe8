"""One HTML file around data, program and style: it asks for nothing, from anywhere.

The policy in its head allows this one program and this one style, by their hashes, and no
connection, image, frame or form at all. So even if a name became markup, it could not run.
"""

from __future__ import annotations

import base64
import hashlib
import html
import os
from collections.abc import Mapping

from ..errors import MemoryWatcherError

_BUNDLE = os.path.join(os.path.dirname(__file__), "bundle")

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<noscript><p>This report draws itself with JavaScript, which is switched off here.</p></noscript>
<div id="app" data-title="{title}"></div>
{data}
<script>{program}</script>
</body>
</html>
"""
_DATA = '<script type="application/octet-stream" id="{id}">{data}</script>'


class BundleMissing(MemoryWatcherError):
    """The page's program was not built with this installation."""


def page(title: str, data: Mapping[str, str], bundle: str = "report") -> str:
    """Put the page together; `title` is any text.

    `data` are packed texts (see `columns.pack`) by the ids under which the program finds them.
    """
    program, style = _bundled(f"{bundle}.js"), _bundled(f"{bundle}.css")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(program)}'",
            f"style-src '{_hash(style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return _PAGE.format(
        policy=html.escape(policy, quote=False),
        title=html.escape(title),
        style=style,
        data="\n".join(_DATA.format(id=name, data=packed) for name, packed in data.items()),
        program=program,
    )


def _bundled(name: str) -> str:
    path = os.path.join(_BUNDLE, name)
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read().strip()
    except OSError:
        raise BundleMissing(
            f"the report's page is not part of this installation ({path} is missing): install"
            " memory-watcher again from PyPI, or run `make report-bundle` in its source"
        ) from None
    # Within an element, these would end it; the bundler already writes <\\/script.
    assert "</script" not in text.lower(), name
    assert "</style" not in text.lower(), name
    return text


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
