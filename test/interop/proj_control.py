"""The celery command run within the Python client, events fed to Celery's own picture of a cluster, and a task that rejects itself."""
import json
import threading

from celery.bin.celery import celery as command
from celery.events.snapshot import Polaroid
from celery.events.state import State
from celery.exceptions import Reject
from click.testing import CliRunner

from proj import app


@app.task(name='py.reject', acks_late=True)
def reject():
    raise Reject('no', requeue=False)


def run(*words):
    """`celery -A proj WORDS` without a process of its own: its exit code and what it printed."""
    ended = CliRunner(mix_stderr=False).invoke(command, ['-A', 'proj', '--no-color', *words])
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return {'code': ended.exit_code, 'stdout': ended.stdout, 'stderr': ended.stderr}


class Watch(threading.Thread):
    """Celery's picture of the cluster, kept by its own State and Receiver on a thread."""

    def __init__(self):
        super().__init__(daemon=True)
        self.state = State()
        self.events = []
        self.errors = []
        self.ready = threading.Event()
        self.start()
        self.ready.wait(20)

    def run(self):
        with app.connection_for_read() as connection:
            receiver = app.events.Receiver(connection, handlers={'*': self.on_event})
            for _ in receiver.itercapture(limit=None, timeout=None, wakeup=True):
                self.ready.set()

    def on_event(self, event):
        self.events.append(dict(event))
        try:
            self.state.event(dict(event))
        except Exception as error:
            self.errors.append(repr(error))

    def worker(self, hostname):
        worker = self.state.workers[hostname]
        fields = ('pid', 'freq', 'clock', 'active', 'processed', 'loadavg', 'sw_ident', 'sw_ver', 'sw_sys')
        return {'status': worker.status_string, 'alive': worker.alive, 'id': worker.id,
                **{field: getattr(worker, field) for field in fields}}

    def task(self, uuid):
        task = self.state.tasks[uuid]
        return {'state': task.state, 'ready': task.ready, 'origin': task.origin, 'info': task.info(),
                'worker': task.worker and task.worker.hostname, 'parent': task.parent and task.parent.uuid,
                'root': task.root and task.root.uuid,
                'fields': {name: None if value is None else str(value) for name, value in task.as_dict().items()}}


class Camera(Polaroid):
    """Each picture goes to a list in Redis: states of the tasks, and who is alive."""

    def on_shutter(self, state):
        app.backend.client.rpush('pictures', json.dumps({
            'tasks': {uuid: task.state for uuid, task in state.tasks_by_time()},
            'alive': sorted(worker.hostname for worker in state.alive_workers()),
            'types': sorted(state.task_types()),
        }))
