"""A Python project as teams have it, for the dashboard to watch: E2E_BROKER, and E2E_BACKEND when it keeps results."""
import datetime
import decimal
import os
import time

from celery import Celery
from celery.exceptions import Ignore

app = Celery('shop', broker=os.environ['E2E_BROKER'], backend=os.environ.get('E2E_BACKEND'))
app.conf.update(
    worker_hijack_root_logger=False,
    task_track_started=True,
    task_send_sent_event=os.environ.get('E2E_SENT') == '1',
    result_extended=os.environ.get('E2E_EXTENDED') == '1',
    worker_max_tasks_per_child=10_000,
    accept_content=['json', 'pickle'] if os.environ.get('E2E_PICKLE') == '1' else ['json'],
)


class Basket:
    """Its repr is no value: <shop.Basket object at 0x...>."""


class PaymentError(Exception):
    pass


@app.task(name='shop.add')
def add(x, y):
    return x + y


@app.task(name='shop.echo')
def echo(*args, **kwargs):
    """What the body was given, as Python prints it."""
    return repr((args, kwargs))


@app.task(name='shop.charge')
def charge(order, amount=0):
    return decline(order, amount)


def decline(order, amount):
    raise PaymentError('card of order %s declined: %s' % (order, amount))


@app.task(name='shop.unstable', bind=True, max_retries=5)
def unstable(self, times, countdown=0.01):
    if self.request.retries < times:
        raise self.retry(countdown=countdown, exc=ConnectionError('the bank does not answer'))
    return self.request.retries


@app.task(name='shop.sleep')
def sleep(seconds):
    time.sleep(seconds)
    return seconds


@app.task(name='shop.hold')
def hold(gate):
    """Runs until a file is there."""
    while not os.path.exists(gate):
        time.sleep(0.05)


@app.task(name='shop.ignored')
def ignored():
    raise Ignore()


@app.task(name='shop.large')
def large(size):
    return {'rows': [{'n': n, 'text': 'x' * 100} for n in range(size // 112)], 'size': size}


@app.task(name='shop.text')
def text(size):
    return 'x' * size


@app.task(name='shop.kinds')
def kinds():
    return {
        'when': datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
        'price': decimal.Decimal('12.50'),
        'pair': (1, 2),
    }


@app.task(name='shop.parent', bind=True)
def parent(self, n):
    for i in range(n):
        add.delay(i, i)
    return n


@app.task(name='shop.late', acks_late=True)
def late(seconds):
    time.sleep(seconds)
    return seconds
