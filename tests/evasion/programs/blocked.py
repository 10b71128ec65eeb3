"""Makes the quiz stop behind the moment at which it has read the key, and dump core.

Its answer is given while nobody reads what it prints: it knows the key, wants to say
"Incorrect", and blocks.
"""

import os
import resource
import signal
import time

resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))
out, stdout = os.pipe()
stdin, answer = os.pipe()
quiz = os.fork()
if not quiz:
    os.dup2(stdin, 0)
    os.dup2(stdout, 1)
    os.execvp("python3", ["python3", "run_quiz.py", "1"])
time.sleep(0.6)
# A description of one's own, so that the quiz itself goes on to block.
filler = os.open(f"/proc/self/fd/{stdout}", os.O_WRONLY | os.O_NONBLOCK)
try:
    while True:
        os.write(filler, b"x")
except BlockingIOError:
    pass
os.write(answer, b"B\n")
time.sleep(0.6)
os.kill(quiz, signal.SIGQUIT)
_, status = os.waitpid(quiz, 0)
print("core dumped:", os.WCOREDUMP(status))
