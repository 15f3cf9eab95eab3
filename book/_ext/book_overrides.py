"""Let environment variables override the addresses in ``_config.yml``, so that forks and CI can."""

import os
import re

VARIABLES = {
    "BOOK_REPOSITORY_URL": "repository_url",
    "BOOK_REPOSITORY_BRANCH": "repository_branch",
}
GITHUB = "https://github.com/"
SPELLED_OUT = ("book/index", "book/run_it_yourself")  # pages that write the addresses themselves

CLONED = re.compile(rf"(git clone ){GITHUB}[\w.-]+/[\w.-]+(\n\s*cd )[\w.-]+")
LAUNCHED = re.compile(  # (host, repository, what is between, branch)
    r"(https://colab\.research\.google\.com/github|https://mybinder\.org/v2/gh)/([\w.-]+/[\w.-]+)"
    r"(/(?:blob/)?)([\w.-]+)"
)


def pages_site(url):
    """Return the address that GitHub Pages gives the site of a repository."""
    owner, _, name = url.removeprefix(GITHUB).partition("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def relaunch(app, docname, source):
    """Let the addresses that a page spells out lead to the fork as well."""
    url = os.environ.get("BOOK_REPOSITORY_URL", "").strip().rstrip("/")
    owner = url.removeprefix(GITHUB)
    branch = os.environ.get("BOOK_REPOSITORY_BRANCH", "").strip()
    if docname not in SPELLED_OUT:
        return
    source[0] = LAUNCHED.sub(
        lambda link: f"{link[1]}/{owner or link[2]}{link[3]}{branch or link[4]}", source[0]
    )
    if url:
        folder = owner.rpartition("/")[2]
        source[0] = CLONED.sub(lambda line: f"{line[1]}{url}{line[2]}{folder}", source[0])


def override(app, config):
    """Write the overrides into the theme options before the theme reads them."""
    for variable, option in VARIABLES.items():
        value = os.environ.get(variable, "").strip()
        if value:
            config.html_theme_options[option] = value.rstrip("/")
    base = os.environ.get("BOOK_BASEURL", "").strip()
    url = os.environ.get("BOOK_REPOSITORY_URL", "").strip().rstrip("/")
    if not base and url.startswith(GITHUB):
        base = pages_site(url)  # or a fork's pages would call themselves copies of ours
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
