"""Two processes that write the same thing at once: who reads sees one of the two, whole."""

import json

from .fault_savers import NEW, OLD
from .faults import drafts, said, start

# Two copies of the process write as often as they can until it has read what both wrote.
SCRIPT = """
import json, os, sys, time
from pathlib import Path
from fault_savers import NEW, OLD, SAVERS
from recon_tutorial.streaming import write_pairs
from fault_savers import screen

folder = Path(sys.argv[1])

def beside(action):
    if (pid := os.fork()) == 0:
        code = 1
        try:
            code = action() or 0
        finally:
            os._exit(code)
    return pid

def writes(version):
    while not (folder / "enough").exists():
        SAVERS["decoder"][0](folder, version)
        SAVERS["results"][0](folder, version)

def ended(pids):
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]

for kind in ("decoder", "results"):
    SAVERS[kind][0](folder, OLD)
pids = [beside(lambda version=version: writes(version)) for version in (OLD, NEW)]
seen = {"decoder": [], "results": []}
end = time.monotonic() + 100
while time.monotonic() < end and not all({OLD, NEW} <= {*found} for found in seen.values()):
    for kind, found in seen.items():
        try:
            found.append(SAVERS[kind][1](folder))
        except ValueError as error:  # the table of one with the header of the other
            found.append(str(error))
(folder / "enough").touch()
codes = ended(pids)

def pairs(name):
    try:
        write_pairs(screen(), folder / name, how="random")
    except ValueError as error:
        return 10 if "meanwhile" in str(error) or "exists" in str(error) else 20

rounds = []
for n in range(6):
    rounds.append(sorted(ended([beside(lambda n=n: pairs(f"pairs{n}")) for _ in "ab"])))
print(json.dumps([seen, codes, rounds]))
"""


def test_two_writers_are_never_mixed(tmp_path):
    process = start(SCRIPT, tmp_path)
    out, complaint = said(process)
    assert process.returncode == 0, complaint
    seen, codes, rounds = json.loads(out)
    assert codes == [0, 0]
    assert set(seen["decoder"]) == {OLD, NEW}
    told = {words for words in seen["results"] if isinstance(words, str)}
    assert all("was changed after it was saved" in words for words in told)
    assert {OLD, NEW} <= set(seen["results"]) <= {OLD, NEW, None, *told}
    assert rounds == [[0, 10]] * 6
    assert drafts(tmp_path) == []
