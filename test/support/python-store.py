"""Celery's side of a result store: one JSON line {url, conf, code} after the other; `app`, `backend` and `result` are the code's."""
import importlib
import json
import sys

from celery import Celery

apps = {}


def app_of(url, conf):
    key = json.dumps([url, conf], sort_keys=True)
    if key not in apps:
        database = sys.modules.get('celery.backends.database')
        if url.startswith('db+') and database:
            # Its models are of the process: what they were called for another database they would be called for this.
            importlib.reload(sys.modules['celery.backends.database.session'])
            importlib.reload(sys.modules['celery.backends.database.models'])
            importlib.reload(database)
        app = Celery('store', broker='memory://', backend=url, set_as_current=True)
        app.conf.update(conf)
        app.set_current()
        app.set_default()
        apps.clear()
        apps[key] = app
    return apps[key]


def plain(value):
    if isinstance(value, BaseException):
        return {'exc': type(value).__name__, 'args': [plain(one) for one in value.args]}
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    return repr(value)


print('ready', flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    scope = {'result': None, **asked.get('given', {})}
    try:
        if asked.get('url'):
            scope['app'] = app_of(asked['url'], asked.get('conf') or {})
            scope['backend'] = scope['app'].backend
        exec(asked['code'], scope)
        answer = {'result': scope['result']}
    except Exception as exc:
        import traceback
        answer = {'error': traceback.format_exc()}
    print(json.dumps(answer, default=plain), flush=True)
