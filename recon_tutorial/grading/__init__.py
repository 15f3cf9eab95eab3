"""The course autograder: a stranger's predictor is tried in processes that cannot see the truth.

Truth, seeds and scoring stay in the grader's process; the submission gets training rows, test
controls and descriptors through a pipe, as plain numbers, and its answers come back as such.
It has a time, a memory and a folder of its own, and when it is over nothing of it is left.

On Linux, root graders run it as a user of its own, who has no network; where the kernel has
Landlock it can open no other file, make no TCP connection (but send datagrams, unless root grades)
and signal nobody else. Without either, it can still do to the files and processes of the user who
grades what that user can. Nothing limits how much disk many small files fill together.
Elsewhere (macOS) memory is not limited, and a process that leaves its group is not found.
None of this holds against a hole in the kernel: grade strangers in a container or virtual
machine that holds nothing else.
"""

from recon_tutorial.grading._grade import grade
from recon_tutorial.grading._limits import Limits
from recon_tutorial.grading._report import write_report
from recon_tutorial.grading._verdicts import Grade

__all__ = ["Grade", "Limits", "grade", "write_report"]
