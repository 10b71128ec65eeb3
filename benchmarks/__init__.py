"""How fast the exam is: ratios, each of two things that are measured in turn.

Seconds on one machine say little about another, and less on a busy one; so every
figure is a ratio of two times taken side by side within one run (A, B, A, B, ...).
Nothing here passes or fails: a figure is for reading.

    python -m benchmarks            # or: make bench
    python -m benchmarks --quick
"""
