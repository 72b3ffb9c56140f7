"""The twin of tasks.mjs for Python workers: the same task, the same diary."""
import json
import os
import time

from celery import Celery

URL = os.environ['FAULT_URL']
app = Celery('fault', broker=URL, backend=os.environ.get('FAULT_STORE', URL))
app.conf.update(json.loads(os.environ['FAULT_SETTINGS']))

diary = os.open(os.environ['FAULT_DIARY'], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def write(*words):
    os.write(diary, (' '.join(str(word) for word in words) + '\n').encode())


@app.task(name='fault.work', bind=True)
def work(self, number, seconds, gate=None):
    redelivered = self.request.delivery_info.get('redelivered') is True
    write('start', number, 'true' if redelivered else 'false', os.getpid())
    time.sleep(seconds)
    while gate and not os.path.exists(gate):
        time.sleep(0.02)
    write('end', number)
    return number


@app.task(name='fault.gather')
def gather(results, number):
    if len(results) != 5:
        raise ValueError('%d results of 5' % len(results))
    return number
