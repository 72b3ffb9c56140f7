"""Interpreters that have Celery imported when they begin: forks of this one, which imports it once for all. Who asks: python-process.ts.

Four connections make a process: its three streams, and the one that says what to run and hears how it ended. Each begins with a byte
for which it is and sixteen for whose. When the last one closes before the process has ended, nobody wants it any more.
"""
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import struct
import sys
import time
import warnings

import celery.apps.worker  # noqa: F401
import celery.backends.redis  # noqa: F401
import celery.bin.celery  # noqa: F401
import celery.concurrency.prefork  # noqa: F401
import celery.events.receiver  # noqa: F401
import kombu.transport.redis  # noqa: F401

PATH = sys.path[1:]
ORDERS = 3


def exactly(connection, count):
    return connection.recv(count, socket.MSG_WAITALL)


def begin(order):
    """In the fork: what a fresh interpreter would be for these arguments."""
    environment, arguments = order['env'], order['args']
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(order['cwd'])
    time.tzset()
    sys.dont_write_bytecode = 'PYTHONDONTWRITEBYTECODE' in environment
    if environment.get('PYTHONWARNINGS') == 'ignore':
        warnings.simplefilter('ignore')
    through = arguments[0] == '-u'
    arguments = arguments[through:]
    sys.stdin = sys.__stdin__ = open(0)
    sys.stdout = sys.__stdout__ = open(1, 'w')
    sys.stdout.reconfigure(write_through=through)
    sys.stderr = sys.__stderr__ = open(2, 'w', errors='backslashreplace', buffering=1)
    is_module = arguments[0] == '-m'
    sys.argv = arguments[is_module:]
    own = os.getcwd() if is_module else os.path.dirname(os.path.abspath(sys.argv[0]))
    sys.path[:] = [own, *filter(None, environment.get('PYTHONPATH', '').split(':')), *PATH]
    if is_module:
        # Celery's own module is replaced when it is imported, and has no name to be found by then.
        runpy.run_module(f'{sys.argv[0]}.__main__', run_name='__main__', alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name='__main__')


def serve(path):
    """Returns the order in each fork, and never here."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path + '.new')
    listener.listen(128)
    os.rename(path + '.new', path)
    bell, rung = socket.socketpair()
    for end in (bell, rung):
        end.setblocking(False)
    signal.set_wakeup_fd(rung.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    waiting = {}
    running = {}
    watched = selectors.DefaultSelector()
    watched.register(listener, selectors.EVENT_READ)
    watched.register(bell, selectors.EVENT_READ)

    def fork(parts):
        orders = parts[ORDERS]
        size, = struct.unpack('>I', exactly(orders, 4))
        order = json.loads(exactly(orders, size))
        pid = os.fork()
        if pid != 0:
            for part in parts[:ORDERS]:
                part.close()
            running[pid] = orders
            watched.register(orders, selectors.EVENT_READ)
            return None
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, part in enumerate(parts[:ORDERS]):
            os.dup2(part.fileno(), number)
        orders.sendall(b'{"pid": %d}\n' % os.getpid())
        watched.close()
        for others in waiting.values():
            parts.extend(others.values())
        for one in (listener, bell, rung, *parts, *running.values()):
            one.close()
        return order

    def told(orders, line):
        if orders.fileno() in watched.get_map():
            watched.unregister(orders)
        try:
            orders.sendall(line)
        except OSError:
            pass  # whoever wanted it is gone
        orders.close()

    while True:
        for key, _ in watched.select():
            if key.fileobj is listener:
                part, _ = listener.accept()
                head = exactly(part, 17)
                parts = waiting.setdefault(head[1:], {})
                parts[head[0]] = part
                if len(parts) == ORDERS + 1:
                    del waiting[head[1:]]
                    order = fork([parts[number] for number in range(ORDERS + 1)])
                    if order is not None:
                        return order
            elif key.fileobj is bell:
                bell.recv(4096)
                for pid in list(running):
                    done, status = os.waitpid(pid, os.WNOHANG)
                    if done:
                        told(running.pop(pid), b'{"code": %d}\n' % os.waitstatus_to_exitcode(status))
            else:
                # Whoever wanted it is gone.
                watched.unregister(key.fileobj)
                for pid in [pid for pid, orders in running.items() if orders is key.fileobj]:
                    os.kill(pid, signal.SIGKILL)


gc.collect()
gc.freeze()
begin(serve(sys.argv[1]))
