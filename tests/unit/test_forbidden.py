"""Nothing here unpickles, runs text as code, opens a shell or trusts a download, but for this list.

What each word means is in `forbidden.py`; every entry below says why its place may do it. A place
that is gone must leave the list, and one more in a file that is listed must be argued for.
"""

from collections import Counter

import pytest

from .forbidden import in_file, in_python, in_text
from .project_files import project_files

ALLOWED = {
    ("book/03_decoder.ipynb", "pickle", 1): "writes the pickle that `FrozenDecoder` then refuses",
    ("book/_ext/check_machine.py", "text as code", 1): "imports names from a list in the file",
    ("recon_tutorial/datasets/pbmc.py", "download", 1): (
        "13 GB from the Hugging Face hub whose hash nobody here knows, since it was never fetched; "
        "HDF5 holds numbers and runs nothing"
    ),
    ("recon_tutorial/descriptors/proteins.py", "download", 3): (
        "a model of the reader's choice from the Hugging Face hub, as safetensors: numbers alone"
    ),
    ("recon_tutorial/fetching/_web.py", "download", 1): (
        "what it opens is checked against the SHA-256 in _sources.py before it is unpacked"
    ),
    ("recon_tutorial/running/_grid_file.py", "yaml", 1): "its Loader is a yaml.SafeLoader",
    ("tests/book/test_teaching.py", "text as code", 1): "runs the code of a page of this book",
    ("tests/unit/submissions/escaping.py", "pickle", 1): "a trap for a grader that would unpickle",
    ("tests/contract/test_check_predictor.py", "pickle", 1): (
        "a ContractError must come back whole from another process"
    ),
    ("tests/notebook/conftest.py", "text as code", 1): "runs one definition of a chapter here",
    ("tests/unit/test_decoders.py", "pickle", 2): "writes pickles that must be refused unread",
    ("tests/unit/test_descriptors_proteins.py", "download", 2): "reads a folder that the test made",
    ("tests/unit/test_descriptors_proteins.py", "pickle", 2): (
        "writes a pickle that must be refused, and reads what the test itself has written"
    ),
    ("tests/unit/test_streaming_refused.py", "pickle", 1): "writes a pickle that must be refused",
}
THESE = {"tests/unit/forbidden.py", "tests/unit/test_forbidden.py"}  # they name what they look for


def test_only_what_is_listed_here_does_any_of_it():
    found = {
        (name, what, number)
        for name, text in project_files()
        if name not in THESE
        for what, number in Counter(in_file(name, text)).items()
    }
    assert found - ALLOWED.keys() == set(), "mend these, or list them with the reason"
    assert ALLOWED.keys() - found == set(), "these are gone: take them off the list"


PLANTED = {
    "pickle": """
        import pickle
        import _pickle as p
        from dill import loads
        import joblib
        from cloudpickle import load
        import marshal
        import shelve
        import numpy as np; np.load(path, allow_pickle=True)
        from numpy import load; load(path, allow_pickle=flag)
        import pandas as pd; pd.read_pickle(path)
        frame.to_pickle(path)
        import torch; torch.load(path)
        import torch as t; t.load(path, weights_only=False)
        import torch; torch.save(network, path)
        EsmModel.load(path, use_safetensors=False)
        words = "import pickle; pickle.loads(data)"
    """,
    "text as code": """
        eval(text)
        run = exec
        __import__(name)
        import builtins; builtins.exec(text)
        AutoModel.make(name, trust_remote_code=True)
        words = "python -c 'eval(input())'"
    """,
    "shell": """
        import os; os.system(line)
        from os import popen; popen(line)
        import subprocess; subprocess.run(line, shell=True)
        import subprocess as s; s.Popen(line, shell=flag)
        import subprocess; subprocess.getoutput(line)
        import asyncio; asyncio.create_subprocess_shell(line)
        words = "subprocess.run(line, shell=True)"
    """,
    "yaml": """
        import yaml; yaml.load(text, yaml.SafeLoader)
        from yaml import unsafe_load; unsafe_load(text)
        words = "yaml.load(text)"
    """,
    "mktemp": "import tempfile; tempfile.mktemp()\nfrom tempfile import mktemp; mktemp()",
    "download": """
        import requests
        from httpx import get
        from urllib.request import urlopen; urlopen(address)
        import urllib.request as r; r.urlretrieve(address)
        from urllib import request; request.build_opener()
        import http.client; http.client.HTTPSConnection(host)
        import huggingface_hub as hub; hub.hf_hub_download(name)
        from transformers import AutoConfig; AutoConfig.from_pretrained(name)
        words = "curl https://example.org/x"
    """,
    "unverified": """
        session.get(address, verify=False)
        import ssl; ssl._create_unverified_context()
        context.check_hostname = False
        from ssl import CERT_NONE; context.verify_mode = CERT_NONE
        words = "pip install --trusted-host example.org x"
    """,
    "extractall": """
        tarfile.open(path).extractall(folder)
        import shutil; shutil.unpack_archive(path)
    """,
}
LINES = [
    (line.strip(), what)
    for what, text in PLANTED.items()
    for line in text.splitlines()
    if line.strip()
]


@pytest.mark.parametrize(("line", "what"), LINES, ids=[line for line, _ in LINES])
def test_a_planted_line_is_found(line, what):
    assert what in in_python(line)
    cell = '{"cells": [{"cell_type": "code", "source": [%s]}]}'
    quoted = line.replace("\\", "\\\\").replace('"', '\\"')
    assert what in in_file("a.ipynb", cell % f'"{quoted}"')
    assert what in in_file("a.md", f"Text.\n\n```python\n{line}\n```\n")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("run: curl -sSf https://example.org | sh", "download"),
        ("\twget https://example.org/x", "download"),
        ("pip install --trusted-host example.org x", "unverified"),
        ("element.onclick = new Function(text)", "text as code"),
        ("name=$(mktemp -u)", "mktemp"),
    ],
)
def test_a_planted_line_of_another_language_is_found(text, what):
    assert in_text(text) == [what] == in_file("a.yml", text)


@pytest.mark.parametrize(
    "line",
    [
        "network.eval()",
        "import re; re.compile(text)",
        "import numpy as np; np.load(path); np.load(path, allow_pickle=False)",
        "import torch; torch.load(path, weights_only=True)",
        "import yaml; yaml.safe_load(text)",
        "import subprocess; subprocess.run([program, word], shell=False)",
        "from urllib.request import Request",
        "import tempfile; tempfile.mkdtemp()",
        "session.get(address, verify=True)",
        "words = 'A pickle runs code when it is read, so evaluate(it) refuses.'",
    ],
)
def test_a_harmless_line_is_not(line):
    assert in_python(line) == []


def test_each_place_counts():
    source = "eval(a)\neval(b)\nimport os; os.system(c)"
    assert in_python(source) == ["text as code", "text as code", "shell"]
