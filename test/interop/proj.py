"""The Python side of the cluster: an app with tasks of every kind, for workers, clients and the celery command."""
import os

from celery import Celery
from celery.exceptions import Ignore

URL = os.environ['INTEROP_URL']
app = Celery('proj', broker=URL, backend=URL)
app.conf.broker_connection_retry_on_startup = True
app.conf.worker_hijack_root_logger = False
app.conf.task_track_started = True


class Custom(Exception):
    pass


@app.task(name='py.add')
def add(x, y):
    return x + y


@app.task(name='py.echo')
def echo(*args, **kwargs):
    return {'args': list(args), 'kwargs': kwargs}


@app.task(name='py.types')
def types(*args):
    return [type(arg).__name__ for arg in args]


@app.task(name='py.fail')
def fail(message='boom'):
    raise ValueError(message)


@app.task(name='py.fail_type')
def fail_type():
    raise TypeError('not that')


@app.task(name='py.fail_custom')
def fail_custom():
    raise Custom(42, 'custom failure')


@app.task(name='py.retry', bind=True, max_retries=5)
def retry(self, times):
    if self.request.retries < times:
        raise self.retry(countdown=0.05, exc=ValueError('again'))
    return self.request.retries


@app.task(name='py.ignore')
def ignore():
    raise Ignore()


@app.task(name='py.sleep')
def sleep(seconds):
    import time
    time.sleep(seconds)
    return seconds


@app.task(name='py.keep')
def keep(*args):
    """As a callback: what it was given stands in a list."""
    import json
    app.backend.client.rpush('kept', json.dumps(args))


@app.task(name='mix.count', bind=True)
def count(self, number):
    app.backend.client.rpush('counted', '%d %s' % (number, self.request.hostname))
    return number
