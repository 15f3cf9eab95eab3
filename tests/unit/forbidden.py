"""Find what nothing here may do: unpickle, run text as code, use a shell, trust a download."""

import ast
import json
import re
import textwrap

MODULES = {  # importing one is enough
    **dict.fromkeys(("pickle", "_pickle", "dill", "cloudpickle", "joblib"), "pickle"),
    **dict.fromkeys(("marshal", "shelve"), "pickle"),
    **dict.fromkeys(("requests", "httpx", "aiohttp", "urllib3", "ftplib"), "download"),
}
NAMES = {  # using one is enough, called or not
    **dict.fromkeys(
        ("eval", "exec", "__import__", "builtins.eval", "builtins.exec"), "text as code"
    ),
    **dict.fromkeys(("os.system", "os.popen", "pty.spawn"), "shell"),
    **dict.fromkeys(("subprocess.getoutput", "subprocess.getstatusoutput"), "shell"),
    "asyncio.create_subprocess_shell": "shell",
    **dict.fromkeys(("torch.save", "pandas.read_pickle"), "pickle"),
    **dict.fromkeys(("yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load"), "yaml"),
    "tempfile.mktemp": "mktemp",
    **dict.fromkeys(("ssl._create_unverified_context", "ssl.CERT_NONE"), "unverified"),
}
ENDS = {  # the last part of a name, whatever stands before it
    **dict.fromkeys(("urlopen", "urlretrieve", "OpenerDirector", "build_opener"), "download"),
    **dict.fromkeys(("HTTPConnection", "HTTPSConnection", "from_pretrained"), "download"),
    **dict.fromkeys(("hf_hub_download", "snapshot_download"), "download"),
    "load_state_dict_from_url": "download",
    **dict.fromkeys(("to_pickle", "read_pickle"), "pickle"),
    **dict.fromkeys(("extractall", "unpack_archive"), "extractall"),
}
ONLY = {  # a keyword -> the one constant it may be given
    "shell": (False, "shell"),
    "allow_pickle": (False, "pickle"),
    "trust_remote_code": (False, "text as code"),
    "verify": (True, "unverified"),
    "weights_only": (True, "pickle"),
    "use_safetensors": (True, "pickle"),
}
ALWAYS = {  # calls that must be given a keyword, since its default is the dangerous one
    r"torch\.load": "weights_only",
    r".*(?:Model|ForMaskedLM)\.from_pretrained": "use_safetensors",
}
# The same in text that is no Python here: other languages, documents, code in a string.
TEXT = {
    r"\b(?:c?pickle|dill|cloudpickle|joblib|marshal|shelve)\.(?:loads?|open|dumps?)\b": "pickle",
    r"\bread_pickle\b|\ballow_pickle ?= ?True|\btorch\.save\(": "pickle",
    r"(?<![\w.])(?:eval|exec)\(|\bnew Function\(": "text as code",
    r"\bos\.(?:system|popen)\(|\bshell ?= ?True": "shell",
    r"\byaml\.(?:unsafe_|full_)?load\(": "yaml",
    r"\bverify ?= ?False|--trusted-host|--insecure\b|CERT_NONE|\bcurl -\w*k\w* ": "unverified",
    r"\burlopen\(|\brequests\.get\(|(?<![\w-])(?:curl|wget) ": "download",
    r"\bmktemp -u|\btempfile\.mktemp\(": "mktemp",
}


def in_python(source: str) -> list[str]:
    """What a Python source does of it, one entry a place, in the order of the file."""
    tree = ast.parse(source)
    names = _imported_names(tree)
    found = []
    for node in ast.walk(tree):
        found += [(node, what) for what in _of_node(node, names)]
    return [what for _, what in sorted(found, key=lambda hit: (hit[0].lineno, hit[0].col_offset))]


def in_text(text: str) -> list[str]:
    """What a text says of it, pattern by pattern."""
    return [what for pattern, what in TEXT.items() for _ in re.finditer(pattern, text)]


def in_file(name: str, text: str) -> list[str]:
    """What a file of the project does of it, by the end of its name."""
    if name.endswith(".py"):
        return in_python(text)
    if name.endswith(".ipynb"):
        cells = json.loads(text)["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        return [what for source in code for what in in_python(source)]
    fenced = re.findall(
        r"^```\{?(?:code-cell |code-block )?python\}?\n(.*?)^```", text, re.M | re.S
    )
    found = [what for source in fenced for what in in_python(textwrap.dedent(source))]
    return found or in_text(text)


def _imported_names(tree):
    """Local name -> full dotted name, of every import anywhere in the source."""
    names = {"np": "numpy", "pd": "pandas"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.partition(".")[0]
                names[local] = alias.name if alias.asname else local
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _dotted(node, names):
    """Full dotted name of an expression such as `np.load`; "" where it is no plain name."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value, names)
        return f"{before}.{node.attr}" if before else f"?.{node.attr}"
    return ""


def _of_node(node, names):
    if isinstance(node, ast.Import):
        yield from (MODULES[a.name.partition(".")[0]] for a in node.names if _module(a.name))
    elif isinstance(node, ast.ImportFrom) and not node.level and _module(node.module):
        yield MODULES[node.module.partition(".")[0]]
    elif isinstance(node, ast.Name | ast.Attribute):
        yield from _of_name(_dotted(node, names))
    elif isinstance(node, ast.Call):
        yield from _of_call(node, _dotted(node.func, names))
    elif isinstance(node, ast.Assign):
        turned_off = isinstance(node.value, ast.Constant) and node.value.value is False
        attributes = {t.attr for t in node.targets if isinstance(t, ast.Attribute)}
        if turned_off and "check_hostname" in attributes:
            yield "unverified"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from in_text(node.value)


def _module(name):
    return name.partition(".")[0] in MODULES


def _of_name(name):
    before, _, last = name.rpartition(".")
    if name in NAMES:
        yield NAMES[name]
    elif before and last in ENDS:
        yield ENDS[last]


def _of_call(node, name):
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    for keyword in given.keys() & ONLY.keys():
        value, what = ONLY[keyword]
        if not (isinstance(given[keyword], ast.Constant) and given[keyword].value is value):
            yield what
    for pattern, keyword in ALWAYS.items():
        if re.fullmatch(pattern, name) and keyword not in given:
            yield ONLY[keyword][1]
