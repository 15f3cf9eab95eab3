"""Mend the flaws that other extensions leave in the finished pages.

Each is an error in the browser's console, an element that an accessibility check rejects, or
something that only a script would put right.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

AUTO_THEME = re.compile(r'(?<=<html )([^>]*)data-theme="auto"')
SIGNATURE_LINES = re.compile(r"<dl>\s*((?:<dd>.*?</dd>\s*)+)</dl>")


def drop_duplicate_scripts(app: Sphinx, pagename, templatename, context, doctree):
    """Keep one of the inline scripts that sphinx-thebe adds twice.

    Both declare the same constants, so the second would raise an error on every page.
    """
    scripts, seen = [], set()
    for script in context.get("script_files", []):
        body = getattr(script, "attributes", {}).get("body")
        if body and body in seen:
            continue
        seen.add(body)
        scripts.append(script)
    context["script_files"] = scripts


def mend(body):
    """Return the HTML of a page with roles, table corners and long signatures put right."""
    # a list of sources whose entries also hold links is no ARIA list
    body = body.replace('<div role="list" class="citation-list">', '<div class="citation-list">')
    body = body.replace(' role="doc-biblioentry"', "").replace(' role="doc-bibliography"', "")
    # the corner of a pandas table heads no column
    body = body.replace("<th></th>", "<td></td>")
    # a word is read aloud where an emoji may not even be drawn
    body = body.replace("<p>✅</p>", "<p>passed</p>").replace(">❌</abbr>", ">failed</abbr>")
    # a long signature is no definition list: it has no terms
    return SIGNATURE_LINES.sub(_signature, body)


def _signature(match):
    lines = match[1].replace("<dd>", '<span class="sig-line">').replace("</dd>", "</span>")
    return f'<span class="sig-lines">{lines}</span>'


def mend_page(app: Sphinx, pagename, templatename, context, doctree):
    """Mend the body of one page."""
    if context.get("body"):
        context["body"] = mend(context["body"])


def add_icon(app: Sphinx, pagename, templatename, context, doctree):
    """Offer the icon as PNG too: telephones and older browsers take no SVG."""
    address = context["pathto"]("_static/favicon.png", 1)
    icons = "".join(
        f'<link rel="{rel}" type="image/png" sizes="180x180" href="{address}"/>\n'
        for rel in ("icon", "apple-touch-icon")
    )
    context["metatags"] = context.get("metatags", "") + icons


def light_without_scripts(app: Sphinx, exception):
    """Write the light theme into the finished pages, where scripts alone understand "auto".

    The theme's first script overwrites it, so a reader with scripts never sees a difference.
    """
    if exception is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf8")
            light = AUTO_THEME.sub(r'\1data-theme="light"', text, count=1)
            if light != text:
                page.write_text(light, encoding="utf8")


def setup(app):
    """Connect after every other handler has had its say."""
    app.connect("html-page-context", add_icon)
    app.connect("build-finished", light_without_scripts)
    app.connect("html-page-context", drop_duplicate_scripts, priority=900)
    app.connect("html-page-context", mend_page, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
