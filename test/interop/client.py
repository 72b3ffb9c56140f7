"""A Python client that does what it is told: one JSON line {"code": ...} in, one line {"result"} or {"raised"} out.

The code finds everything of proj, sets `result`, and keeps its names from line to line.
"""
import sys
import traceback

import celery
from celery import signature
from kombu.utils.json import dumps, loads

import proj

names = {name: getattr(proj, name) for name in dir(proj)}
names.update(celery=celery, signature=signature, proj=proj, loads=loads)


def task(name):
    return proj.app.signature(name)


names['task'] = task
print('{"result": "ready"}', flush=True)
for line in sys.stdin:
    names['result'] = None
    try:
        exec(loads(line)['code'], names)
        answer = dumps({'result': names['result']})
    except Exception as error:
        answer = dumps({'raised': {
            'type': type(error).__name__,
            'module': type(error).__module__,
            'args': [arg if isinstance(arg, (str, int, float, list, dict, type(None))) else repr(arg) for arg in error.args],
            'text': str(error),
            'trace': traceback.format_exc(),
        }})
    print(answer, flush=True)
