"""Mend two flaws of the finished pages that other extensions leave behind."""

from sphinx.application import Sphinx


def drop_duplicate_scripts(app: Sphinx, pagename, templatename, context, doctree):
    """Keep one of the inline scripts that sphinx-thebe adds twice.

    Both declare the same constants, so the second raises an error in the console of every page.
    """
    scripts, seen = [], set()
    for script in context.get("script_files", []):
        body = getattr(script, "attributes", {}).get("body")
        if body and body in seen:
            continue
        seen.add(body)
        scripts.append(script)
    context["script_files"] = scripts


def drop_bibliography_roles(app: Sphinx, pagename, templatename, context, doctree):
    """Drop two roles that a browser's accessibility tree does not allow where they stand."""
    body = context.get("body")
    if body and 'role="doc-bib' in body:
        for role in ("doc-bibliography", "doc-biblioentry"):
            body = body.replace(f' role="{role}"', "")
        context["body"] = body


def setup(app):
    """Connect after every other handler has had its say."""
    app.connect("html-page-context", drop_duplicate_scripts, priority=900)
    app.connect("html-page-context", drop_bibliography_roles, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
