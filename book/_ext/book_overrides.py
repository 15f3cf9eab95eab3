"""Let environment variables override the addresses in ``_config.yml``, so that forks and CI can."""

import os
import re

VARIABLES = {
    "BOOK_REPOSITORY_URL": "repository_url",
    "BOOK_REPOSITORY_BRANCH": "repository_branch",
}


LAUNCHED = re.compile(  # (host, repository, what is between, branch)
    r"(https://colab\.research\.google\.com/github|https://mybinder\.org/v2/gh)/([\w.-]+/[\w.-]+)"
    r"(/(?:blob/)?)([\w.-]+)"
)


def relaunch(app, docname, source):
    """Let the launch links that a page spells out lead to the fork as well."""
    owner = os.environ.get("BOOK_REPOSITORY_URL", "").strip().rstrip("/")
    owner = owner.removeprefix("https://github.com/")
    branch = os.environ.get("BOOK_REPOSITORY_BRANCH", "").strip()
    if docname == "book/index" and (owner or branch):
        source[0] = LAUNCHED.sub(
            lambda link: f"{link[1]}/{owner or link[2]}{link[3]}{branch or link[4]}", source[0]
        )


def override(app, config):
    """Write the overrides into the theme options before the theme reads them."""
    for variable, option in VARIABLES.items():
        value = os.environ.get(variable, "").strip()
        if value:
            config.html_theme_options[option] = value.rstrip("/")
    base = os.environ.get("BOOK_BASEURL", "").strip()
    if base:
        config.html_baseurl = base
    config.html_baseurl = config.html_baseurl.rstrip("/") + "/"
    config.ogp_site_url = config.html_baseurl
    config.ogp_site_name = config.html_title


def setup(app):
    """Connect before every other handler (the default priority is 500)."""
    app.connect("config-inited", override, priority=100)
    app.connect("source-read", relaunch)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
