"""The tasks of tasks.mjs for Python Celery's worker."""
import os
import time

from celery import Celery

app = Celery('bench', broker=os.environ['BROKER'], backend=os.environ['BROKER'])


@app.task(name='bench.add')
def add(a, b):
    return a + b


@app.task(name='bench.compute')
def compute(a, b, ms):
    before = time.process_time()
    while time.process_time() - before < ms / 1000:
        pass
    return a + b


@app.task(name='bench.endless')
def endless():
    while True:
        pass
