"""What holds for all tests: one thread each, since their networks are tiny."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read by torch and numpy when they are first imported
