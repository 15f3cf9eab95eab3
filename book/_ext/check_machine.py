"""Say in one sentence each what this machine lacks before `make` fills `.venv/`.

    python book/_ext/check_machine.py FOLDER

FOLDER is where the virtual environment will stand.
Exits 1 if something is missing, otherwise 0; a disk that may turn out too small is told, no more,
because nobody knows which torch the package index holds before pip asks it.
The file must run on the very Pythons that it turns away: nothing but the standard library of 2.7,
and no f-strings.
"""

import glob
import os
import sys

NEEDS_PYTHON = (3, 11)
GIGABYTE = 10**9
# Measured: 2.2 GB with a torch for the processor alone, 6.2 GB with the torch for graphics cards
# that pip finds on Linux, 1.6 GB for the two extras, and what pip downloads on top while it
# installs: 0.5, 3.0 and 0.4 GB.
# A venv that holds a part already needs no room for it; jax stands for the extras.
FREE_FOR_INSTALL = 4 * GIGABYTE
FREE_FOR_GRAPHICS_CARDS = 6 * GIGABYTE
FREE_FOR_EXTRAS = 2 * GIGABYTE
FREE_FOR_BUILD = 1 * GIGABYTE


def has_module(name):
    """Tell whether a module of the standard library is there: Debian ships some apart."""
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def on_path(program, path):
    """Tell whether one folder of `path` holds the program."""
    names = (program, program + ".exe")
    folders = path.split(os.pathsep)
    return any(os.access(os.path.join(d, n), os.X_OK) for d in folders for n in names)


def free_bytes(folder):
    """Bytes left on the disk that holds `folder`, or None where the system does not say."""
    while not os.path.isdir(folder):
        folder = os.path.dirname(os.path.abspath(folder))
    if not hasattr(os, "statvfs"):
        return None
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def bytes_needed(venv, platform):
    """Bytes that filling `venv` takes at least and at most: few when it holds torch and jax."""
    packages = os.path.join(venv, "*", "*", "site-packages")
    needed = 0 if glob.glob(os.path.join(packages, "jax")) else FREE_FOR_EXTRAS
    if glob.glob(os.path.join(packages, "torch")):
        return needed + FREE_FOR_BUILD, needed + FREE_FOR_BUILD
    needed += FREE_FOR_INSTALL
    return needed, needed + (FREE_FOR_GRAPHICS_CARDS if platform.startswith("linux") else 0)


def find_problems(venv, version=sys.version_info, module=has_module, path=None, free=None):
    """Return one sentence for each thing that is missing.

    Parameters
    ----------
    venv : str
        Folder of the virtual environment, there or not.
    version, module, path, free
        What to take for this machine: the Python version, a function that tells whether a module is
        there, the search path for programs, and a function that returns the free bytes of a folder.
        The defaults look at the real one.

    Returns
    -------
    list of str
        Empty when the machine is fit.
    """
    path = os.environ.get("PATH", os.defpath) if path is None else path
    wanted = "%d.%d" % NEEDS_PYTHON
    problems = []
    if tuple(version[:2]) < NEEDS_PYTHON:
        problems.append(
            "Python %d.%d is too old: the book needs %s or newer; install one and name it, as in "
            "`make book PYTHON=python%s`." % (version[0], version[1], wanted, wanted)
        )
    elif not (module("venv") and module("ensurepip")):
        problems.append(
            "Python %d.%d cannot make virtual environments here, because its venv module is "
            "incomplete: install it (Debian and Ubuntu: `apt-get install python3-venv`)."
            % (version[0], version[1])
        )
    if not on_path("git", path):
        problems.append(
            "git was not found: install it (Debian and Ubuntu: `apt-get install git`); the tests "
            "ask it which files belong to the book."
        )
    left, needed = (free or free_bytes)(venv), bytes_needed(venv, "")[0]
    if left is not None and left < needed:
        problems.append(
            "The disk of %s has %.1f GB free but the environment needs about %.0f GB: make room, "
            "or clone the book onto a larger disk."
            % (os.path.abspath(venv), left / float(GIGABYTE), needed / float(GIGABYTE))
        )
    return problems


def find_doubts(venv, free=None, platform=sys.platform):
    """Return a sentence if the disk is large enough for the smallest torch but not for every one.

    The parameters are those of `find_problems`, and the name of the system.
    """
    left, (least, most) = (free or free_bytes)(venv), bytes_needed(venv, platform)
    if left is None or not least <= left < most:
        return []
    return [
        "The disk of %s has %.1f GB free, which is too little if pip finds a torch built for "
        "graphics cards (about %.0f GB in all): if it runs full, make room and run make again."
        % (os.path.abspath(venv), left / float(GIGABYTE), most / float(GIGABYTE))
    ]


def main(arguments):
    """Print the problems of this machine and what may become one; return 1 for a problem."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python book/_ext/check_machine.py FOLDER\n")
        return 2
    problems = find_problems(arguments[0])
    for sentence in problems or find_doubts(arguments[0]):
        sys.stderr.write(sentence + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
