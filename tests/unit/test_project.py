"""What the project's files say twice agrees, and nothing private is said at all."""

import os
import re
import socket
from pathlib import Path

import pytest
import yaml

import recon_tutorial

from .project_files import PROJECT, ROOT, pins, project_files, read_yaml

README = (ROOT / "README.md").read_text()
ADDRESS = read_yaml("_config.yml")["repository"]["url"]


# --- one address, one version


def test_the_version_is_said_once():
    assert read_yaml("CITATION.cff")["version"] == recon_tutorial.__version__


def test_the_version_of_a_model_is_the_pinned_one_wherever_it_is_said():
    said = [
        (file, name, version)
        for file, text in project_files()
        for name, version in re.findall(r"\b(cellflow-tools|arc-state)==(\d[\w.]*\w)", text)
    ]
    assert {name for _, name, _ in said} == {"cellflow-tools", "arc-state"}
    assert [hit for hit in said if hit[2] != pins()[hit[1]]] == []


def test_every_address_of_the_repository_is_the_one_of_the_configuration():
    owner_and_name = ADDRESS.removeprefix("https://github.com/")
    assert read_yaml("CITATION.cff")["repository-code"] == ADDRESS
    assert PROJECT["project"]["urls"]["Repository"] == ADDRESS
    name = owner_and_name.split("/")[1]
    hosts = r"(?:github\.com|colab\.research\.google\.com/github|mybinder\.org/v2/gh)"
    pattern = rf"{hosts}/([\w.-]+/{name})\b"
    found = {file: set(re.findall(pattern, text)) for file, text in project_files()}
    assert found["README.md"] == {owner_and_name}
    assert {file for file, names in found.items() if names - {owner_and_name}} == set()


def test_links_of_the_documents_lead_to_files():
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", ".ci/dependencies.md"):
        links = re.findall(r"\]\(([^)]+)\)", (ROOT / name).read_text())
        opened = re.findall(r"(?:blob/main|lab/tree)/([^)?\s]+)", " ".join(links))
        local = [link for link in links if "://" not in link]
        assert [link for link in local + opened if not (ROOT / link).is_file()] == []


def test_holes_are_reported_in_private_to_the_repository_of_the_configuration():
    (address,) = re.findall(r"<(https://\S+)>", (ROOT / "SECURITY.md").read_text())
    assert address == f"{ADDRESS}/security/advisories/new"
    for name in ("README.md", "CONTRIBUTING.md"):
        assert "](SECURITY.md)" in (ROOT / name).read_text()


def test_the_readme_lists_the_chapters_of_the_book_in_order():
    files = re.findall(r"file: (book/\d\d_\w+)$", (ROOT / "_toc.yml").read_text(), re.MULTILINE)
    assert re.findall(r"^\| \[.*?\]\((.*?)\.ipynb\)", README, re.MULTILINE) == files


# --- what must not be said


def test_no_file_names_a_machine_or_a_package_host():
    folders = "|".join(("work", "root", "home", "farm", "opt", "Users"))
    private = re.compile(
        rf"(?<![\w.}}>/-])/(?:{folders})/\w"
        r"|(?<![\w.}>-])/tmp/\w"
        r"|\b(?<!vnd\.)pypi\.|pythonhosted|download\.pytorch|registry\.npmjs|deb\.debian"
        r"|(?:--index-url|--extra-index-url|--find-links)\b|\bfile:///"
    )
    this = Path(__file__).relative_to(ROOT).as_posix()
    said = [
        f"{name}: {hit[0]}"
        for name, text in project_files()
        if name != this
        for hit in private.finditer(text)
    ]
    assert said == []


def test_tests_cannot_reach_another_machine():
    with pytest.raises(pytest.fail.Exception, match="reached for the network"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)  # an address kept for documents


# --- rooms of the package


def test_every_module_stands_in_an_import_contract():
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    guarded = {module for contract in contracts for module in contract["protected_modules"]}
    package = ROOT / "recon_tutorial"
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
    modules |= {path.parent.name for path in package.glob("*/__init__.py")}
    assert {f"recon_tutorial.{name}" for name in modules} == guarded


# --- workflows and scripts

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_pins_its_actions_and_may_only_read(path):
    text = path.read_text()
    uses = re.findall(r"uses: (.*)", text)
    assert uses
    pinned = r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
    assert [action for action in uses if not re.fullmatch(pinned, action)] == []
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    triggers = workflow[True]  # YAML 1.1 reads the key `on` as a truth value
    assert set(triggers) <= {"push", "pull_request", "schedule", "workflow_dispatch"}
    for name, job in workflow["jobs"].items():
        writes = {scope for scope, right in job.get("permissions", {}).items() if right == "write"}
        expected = {"pages", "id-token"} if (path.name, name) == ("pages.yml", "deploy") else set()
        assert writes == expected
        assert job["timeout-minutes"] <= 90
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_the_workflows_use_one_commit_of_each_action():
    used = {use for path in WORKFLOWS for use in re.findall(r"uses: (\S+)", path.read_text())}
    assert len({use.split("@")[0] for use in used}) == len(used)


def test_every_supported_python_is_tested():
    matrix = read_yaml(".github/workflows/test.yml")["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]
    header = (ROOT / "constraints.txt").read_text().splitlines()[:4]
    assert f"for Python {', '.join(matrix['python'])};" in " ".join(header)


@pytest.mark.parametrize("script", [".ci/run", "postBuild"])
def test_scripts_can_be_run(script):
    assert os.access(ROOT / script, os.X_OK)
    assert (ROOT / script).read_text().startswith("#!/usr/bin/env bash\n")


def test_ci_ends_with_the_test_command_of_the_readme():
    assert (ROOT / ".ci/run").read_text().rstrip().splitlines()[-1] == "make test"
    assert re.search(r"^make test ", README, re.MULTILINE)


def test_binder_finds_no_folder_that_would_hide_its_files():
    assert not (ROOT / "binder").exists()
    assert not (ROOT / ".binder").exists()
