"""The Python side of the cluster: an app with tasks of every kind, for workers, clients and the celery command.

Twin of tasks.ts: what is 'py.x' here is 'ts.x' there. INTEROP_CONF holds further settings as JSON.
"""
import json
import os
import time

from celery import Celery
from celery.exceptions import Ignore, SoftTimeLimitExceeded

URL = os.environ['INTEROP_URL']
app = Celery('proj', broker=os.environ.get('INTEROP_BROKER', URL), backend=URL)
app.conf.broker_connection_retry_on_startup = True
app.conf.worker_hijack_root_logger = False
app.conf.task_track_started = True
app.conf.update(json.loads(os.environ.get('INTEROP_CONF', '{}')))


class Custom(Exception):
    pass


def push(key, *values):
    """What a test looks at: a list in Redis."""
    app.backend.client.rpush(key, json.dumps(values))


@app.task(name='py.add')
def add(x, y):
    return x + y


@app.task(name='py.echo')
def echo(*args, **kwargs):
    return {'args': list(args), 'kwargs': kwargs}


@app.task(name='py.types')
def types(*args):
    return [type(arg).__name__ for arg in args]


@app.task(name='py.repr')
def repr_of(*args, **kwargs):
    return [repr(args), repr(kwargs)]


@app.task(name='py.fail')
def fail(message='boom'):
    raise ValueError(message)


@app.task(name='py.fail_type')
def fail_type():
    raise TypeError('not that')


@app.task(name='py.fail_custom')
def fail_custom():
    raise Custom(42, 'custom failure')


@app.task(name='py.fail_cause')
def fail_cause():
    try:
        {}['inner']
    except KeyError as error:
        raise Custom('outer') from error


@app.task(name='py.fail_odd')
def fail_odd():
    """Its arguments cannot be written as JSON."""
    raise Custom(object(), {1, 2}, 'fine')


@app.task(name='py.retry', bind=True, max_retries=5)
def retry(self, times):
    if self.request.retries < times:
        raise self.retry(countdown=1, exc=ValueError('again'))
    return self.request.retries


@app.task(name='py.exhaust', bind=True, max_retries=2)
def exhaust(self):
    raise self.retry(countdown=1)


@app.task(name='py.backoff', autoretry_for=(ConnectionError,), max_retries=2, retry_backoff=1, retry_jitter=False)
def backoff(label):
    push('marks', label, time.time())
    raise ConnectionError('away')


@app.task(name='py.ignore')
def ignore():
    raise Ignore()


@app.task(name='py.silent', ignore_result=True)
def silent(label):
    push('marks', label, time.time())


@app.task(name='py.progress', bind=True)
def progress(self):
    self.update_state(state='PROGRESS', meta={'done': 3, 'of': [10, 'ž']})
    app.backend.client.blpop('go', timeout=120)
    return 'done'


@app.task(name='py.parent')
def parent(name, queue):
    app.send_task(name, (1, 1), queue=queue)
    app.send_task(name, (2, 2), queue=queue)


@app.task(name='py.sleep')
def sleep(seconds):
    time.sleep(seconds)
    return seconds


@app.task(name='py.tidy')
def tidy(seconds):
    """Makes use of its soft time limit."""
    try:
        time.sleep(seconds)
    except SoftTimeLimitExceeded:
        return 'tidied'


@app.task(name='py.request', bind=True)
def request(self):
    r = self.request
    return {
        'id': r.id, 'root_id': r.root_id, 'parent_id': r.parent_id, 'correlation_id': r.correlation_id,
        'shadow': r.shadow, 'retries': r.retries, 'timelimit': list(r.timelimit or [None, None]),
        'routing_key': r.delivery_info['routing_key'], 'exchange': r.delivery_info['exchange'],
        'priority': r.delivery_info['priority'], 'my_header': getattr(r, 'my_header', None), 'group': r.group,
    }


@app.task(name='py.trace', bind=True)
def trace(self):
    """What opentelemetry-instrumentation-celery 0.60 reads: CeleryGetter takes attributes of the request."""
    return [getattr(self.request, 'traceparent', None), getattr(self.request, 'tracestate', None)]


def _mark(label):
    push('marks', label, time.time())
    return label


mark = app.task(_mark, name='py.mark')
limited = app.task(_mark, name='py.limited', rate_limit='10/s')
annotated = app.task(_mark, name='py.annotated')


@app.task(name='py.keep')
def keep(*args):
    """As a callback: what it was given stands in a list."""
    push('kept', *args)


@app.task(name='py.keep_id')
def keep_id(task_id):
    """An errback of the old kind: always sent."""
    push('kept', task_id)


@app.task(name='py.keep_error')
def keep_error(request, exc, traceback):
    """An errback of the new kind: a worker that knows it calls it where the task failed."""
    push('kept', request.id, type(exc).__name__, str(exc))


@app.task(name='py.replace', bind=True)
def replace(self, like):
    """Becomes what it is given: a signature as it stands in JSON."""
    raise self.replace(app.signature(like))


@app.task(name='py.grow', bind=True)
def grow(self, like):
    """A part of a chord that adds another."""
    self.add_to_chord(app.signature(like))
    return 'grown'


@app.task(name='py.stamps', bind=True)
def stamps(self, *args):
    return [getattr(self.request, 'stamped_headers', None), getattr(self.request, 'stamps', None)]


@app.task(name='py.nothing')
def nothing():
    pass


@app.task(name='mix.retry', bind=True, max_retries=None)
def mix_retry(self, times):
    retries = self.request.retries
    push('hops', self.request.id, retries, self.request.hostname)
    if retries < times:
        raise self.retry(countdown=0.01, exc=ValueError('again'))
    return retries


@app.task(name='mix.count', bind=True)
def count(self, number):
    app.backend.client.rpush('counted', '%d %s' % (number, self.request.hostname))
    return number
