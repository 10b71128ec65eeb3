"""Looks for five letters and a newline in what the quiz has left of its memory."""

import glob
import re

for name in glob.glob("core*"):
    with open(name, "rb") as file:
        print(sorted(set(re.findall(rb"\b[A-Z]{5}\n", file.read()))))
