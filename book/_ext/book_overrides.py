"""Let environment variables override the addresses in ``_config.yml``, so that forks and CI can."""

import os

VARIABLES = {
    "BOOK_REPOSITORY_URL": "repository_url",
    "BOOK_REPOSITORY_BRANCH": "repository_branch",
}


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
    return {"parallel_read_safe": True, "parallel_write_safe": True}
