"""The celery command run within the Python client, and events fed to Celery's own picture of a cluster."""
from celery.bin.celery import celery as command
from click.testing import CliRunner


def run(*words):
    """`celery -A proj WORDS` without a process of its own: its exit code and what it printed."""
    ended = CliRunner(mix_stderr=False).invoke(command, ['-A', 'proj', '--no-color', *words])
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return {'code': ended.exit_code, 'stdout': ended.stdout, 'stderr': ended.stderr}
