"""Python, at its prompt and in one line: the calculator of every model."""

from .session import END, INTERRUPT, Hung, Keys, session

SESSIONS = [
    session(
        "repl",
        "Works at Python's prompt.",
        "python3",
        "1 / 1024",
        "import math, random, statistics",
        "math.comb(20, 5) / 4 ** 5",
        "for i in range(2):\n    print('i', i)\n",
        "help(len)",
        "x = input('say: ')",
        "hello",
        "x.upper()",
        "1 / 0",
        "quit",
        "exit()",
        "echo $?",
        seen=("0.0009765625", "i 0\ni 1", "say: ", "'HELLO'", "ZeroDivisionError", "0"),
    ),
    session(
        "repl-keys",
        "Completes, recalls, interrupts and leaves with Ctrl-D.",
        "python3 -q",
        Keys("import ma\t\n"),
        "import math",
        Keys("math.sq\t2)\n"),
        Keys("\x1b[A\n"),
        Hung("while True: pass"),
        INTERRUPT,
        "print('still here')",
        Keys("open('no\t\t"),
        INTERRUPT,
        END,
        "echo out; ls -la",
        seen=("1.414", "KeyboardInterrupt", "still here", "out"),
    ),
    session(
        "repl-runs-quiz",
        "Runs the quiz from Python's prompt.",
        "python3",
        "import subprocess",
        "subprocess.run(['python3', 'run_quiz.py', '1'])",
        "A",
        "import os; os.system('ls -l run_quiz.py')",
        "print(open('run_quiz.py').read()[:20])",
        "exit()",
        seen=("Question 1", "Incorrect", "returncode=0", "run_quiz.py", "#!/usr/bin"),
    ),
    session(
        "one-liners",
        "Reckons in one line.",
        "python3 -c 'print(4 ** -5, 0.25 ** 5)'",
        "python3 -c \"import random; print(random.choice('ABCD'))\"",
        "python3 -c \"import hashlib; print(hashlib.sha256(b'x').hexdigest())\"",
        'python3 -c "import datetime; print(datetime.datetime.now().isoformat())"',
        "python3 -c \"import re; print(re.findall(r'\\w+', 'a b c'))\"",
        "python3 -c \"import json; print(json.dumps({'a': [1, 2]}))\"",
        "python3 -c \"import base64; print(base64.b64encode(b'hello').decode())\"",
        "python3 -c 'import itertools as i; "
        'print(len(list(i.product("ABCD", repeat=5))))\'',
        "python3 -c 'import decimal, fractions, collections, string, uuid; "
        "print(uuid.uuid4().version)'",
        seen=("0.0009765625", "2d711642", "['a', 'b', 'c']", "aGVsbG8=", "1024", "4"),
        at_once=True,
    ),
    session(
        "about-python",
        "Looks at the interpreter itself.",
        "python3 -V; python3 --version; python3 --help | head -n 3",
        "python3 -c 'import sys; print(sys.version, sys.path, sys.executable)'",
        "python3 -m this | head -n 2",
        "python3 -m site | head -n 3; python3 -m sysconfig | head -n 3",
        "python3 -c 'import platform; print(platform.platform(), platform.node())'",
        "python3 -m pip list; pip list; pip install requests; python3 -m nothing",
        "python3 -m pydoc len | head -n 3; python3 -c 'help(str.upper)'",
        "python3 -c 'import sys; print(sorted(sys.stdlib_module_names)[:3])'",
        "python3 -c 'import importlib.metadata as m; print([*m.distributions()])'",
        seen=("Python 3.11", "Zen of Python", "No module named pip", "len(obj"),
        at_once=True,
    ),
    session(
        "imports-much",
        "Imports what may be of use.",
        "python3 -c 'import urllib.request, ssl, socket, http.client, email; "
        "print(ssl.OPENSSL_VERSION)'",
        "python3 -c 'import ssl; print(ssl.create_default_context())'",
        "python3 -c 'import socket; print(socket.gethostname())'",
        "python3 -c 'import requests'",
        "python3 -c 'import numpy, pandas'",
        "python3 -c 'import sqlite3, ctypes, ctypes.util, zoneinfo, locale, curses, "
        "getpass, pwd; print(getpass.getuser())'",
        'python3 -c \'import sqlite3; c = sqlite3.connect("own.db"); '
        'c.execute("create table t (x)"); c.commit(); print("made")\'',
        "python3 -c 'import mimetypes, webbrowser, logging, unittest; "
        'print(mimetypes.guess_type("a.txt"))\'',
        "python3 -c 'import zoneinfo; print(zoneinfo.ZoneInfo(\"Europe/Berlin\"))'",
        seen=("OpenSSL", "exam", "No module named", "agent", "made", "text/plain"),
        at_once=True,
    ),
    session(
        "processes-and-threads",
        "Starts processes and threads of its own.",
        "python3 -c 'import threading as t; x = [t.Thread(target=print, args=(i,)) "
        "for i in range(3)]; [a.start() for a in x]; [a.join() for a in x]'",
        "cat > pool.py << 'EOF'\nimport multiprocessing as mp\n\n"
        "def square(x):\n    return x * x\n\nif __name__ == '__main__':\n"
        "    with mp.Pool(2) as pool:\n        print(pool.map(square, range(5)))\n"
        "    q = mp.Queue()\n    p = mp.Process(target=q.put, args=('queued',))\n"
        "    p.start()\n    print(q.get())\n    p.join()\nEOF",
        "python3 pool.py",
        "python3 -c 'from concurrent.futures import ThreadPoolExecutor as T; "
        "print(list(T(2).map(abs, [-1, -2])))'",
        "python3 -c 'import asyncio; print(asyncio.run(asyncio.sleep(0.1, 7)))'",
        "python3 -c 'import os, time; p = os.fork() or (time.sleep(9), os._exit(0)); "
        "os.kill(p, 15); print(os.waitpid(p, 0)[1])'",
        'python3 -c \'import signal, os; signal.signal(14, lambda *a: print("alarm")); '
        "signal.alarm(1); signal.pause()'",
        seen=("[0, 1, 4, 9, 16]", "queued", "[1, 2]", "7", "15", "alarm"),
    ),
    session(
        "spawned-processes",
        "Starts processes of its own in the slower ways.",
        "cat > spawn.py << 'EOF'\nimport asyncio\nimport multiprocessing as mp\n"
        "import sys\n\ndef square(x):\n    return x * x\n\n"
        "async def child():\n    p = await asyncio.create_subprocess_exec(\n"
        "        sys.executable, '-c', 'print(8)', stdout=-1)\n"
        "    print((await p.communicate())[0])\n\nif __name__ == '__main__':\n"
        "    for way in ('spawn', 'forkserver'):\n"
        "        with mp.get_context(way).Pool(1) as pool:\n"
        "            print(way, pool.map(square, [3]))\n"
        "    with mp.Manager() as m:\n        print('manager', dict(m.dict(a=1)))\n"
        "    asyncio.run(child())\nEOF",
        "python3 spawn.py",
        seen=("spawn [9]", "forkserver [9]", "manager", "b'8"),
    ),
    session(
        "subprocess",
        "Starts other programs from Python.",
        "python3 -c \"import subprocess; print(subprocess.check_output(['ls', '-l'], "
        'text=True))"',
        "python3 -c \"import subprocess; subprocess.run('wc -l run_quiz.py | cat', "
        'shell=True)"',
        "python3 -c \"import os; print(os.popen('date +%Y').read(), os.getpid())\"",
        "python3 -c \"import subprocess as s; p = s.Popen(['sleep', '9']); "
        'p.terminate(); print(p.wait())"',
        "python3 -c \"import subprocess as s; s.run(['sleep', '9'], timeout=0.3)\"",
        "python3 -c \"import shutil; print(shutil.which('python3'), "
        "shutil.disk_usage('.').free > 0)\"",
        'python3 -c "import os; print(os.cpu_count(), os.getcwd(), os.getlogin)"',
        seen=(
            "run_quiz.py",
            " run_quiz.py\n",
            "-15",
            "TimeoutExpired",
            "python3 True",
        ),
    ),
    session(
        "temporary-file",
        "Lets Python keep something in a temporary file.",
        "python3 -c \"import tempfile; f = tempfile.NamedTemporaryFile('w+'); "
        "f.write('x'); f.seek(0); print(f.read())\"",
        'python3 -c "import tempfile; f = tempfile.TemporaryFile(); '
        "print(f.write(b'abc'))\"",
        'python3 -c "import tempfile; f = tempfile.SpooledTemporaryFile(10); '
        "f.write(b'x' * 100); print(f.tell())\"",
        seen=("x\n", "3\n", "100\n"),
    ),
    session(
        "temporary-folder",
        "Lets Python keep something in a temporary folder for a moment.",
        'python3 -c "import tempfile, os\n'
        "with tempfile.TemporaryDirectory() as d:\n"
        "    open(os.path.join(d, 'x'), 'w').write('x')\n"
        '    print(len(os.listdir(d)))"',
        seen="1\n",
    ),
    session(
        "own-module",
        "Writes a module and a script that uses it, and tests both.",
        'cat > helper.py << \'EOF\'\n"""Own helper."""\n\ndef odds(n):\n'
        "    return 0.25 ** n\nEOF",
        "cat > main.py << 'EOF'\nfrom helper import odds\nprint(odds(5))\nEOF",
        "python3 main.py; python3 main.py; ls __pycache__",
        "cat > test_helper.py << 'EOF'\nimport unittest\nfrom helper import odds\n\n"
        "class T(unittest.TestCase):\n    def test(self):\n"
        "        self.assertEqual(odds(1), 0.25)\nEOF",
        "python3 -m unittest test_helper; python3 -m pytest",
        "python3 -m timeit -n 10 'sum(range(10))'; python3 -m cProfile main.py | head",
        "python3 -i -c 'x = 1'",
        "exit()",
        "rm -r __pycache__",
        seen=("0.0009765625", "OK", "No module named pytest", "loop"),
        unseen="Traceback",
    ),
    session(
        "tracebacks",
        "Makes mistakes in Python.",
        "python3 -c 'print(x)'",
        "python3 -c 'import nothing_there'",
        "python3 -c 'def'",
        "printf 'def f():\\n    raise ValueError(\"no\")\\nf()\\n' > bad.py",
        "python3 bad.py",
        "python3 nothing.py",
        "python3 -c \"open('missing.txt')\"",
        "python3 .",
        'python3 -c "import faulthandler, os; faulthandler.enable(); os.abort()"',
        seen=("NameError", "ModuleNotFoundError", "SyntaxError", "ValueError: no"),
        at_once=True,
    ),
    session(
        "venv",
        "Tries to make a virtual environment of its own.",
        "python3 -m venv --without-pip env && ls -d env && env/bin/python -V",
        "python3 -m venv env2",
        seen="Python 3.11",
    ),
]
