"""A Python client that does what it is told: one line of JSON {"code": ...} in, its `result` as one line out, or {"raised": ...}."""
import datetime
import decimal
import json
import sys
import traceback
import uuid

import python_proj

names = {name: getattr(python_proj, name) for name in dir(python_proj)}
names.update(datetime=datetime, decimal=decimal, uuid=uuid, python_proj=python_proj)


def send(task, *args, **options):
    """Sent without asking the task: any name, any options. Its id."""
    return python_proj.app.send_task(task, args, options.pop('kwargs', {}), **options).id


names['send'] = send
print('{}', flush=True)
for line in sys.stdin:
    names['result'] = None
    try:
        exec(json.loads(line)['code'], names)
        answer = {'result': names['result']}
    except Exception:
        answer = {'raised': traceback.format_exc()}
    print(json.dumps(answer), flush=True)
