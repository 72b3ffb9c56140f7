"""Django with django-celery-results, or another of its apps, on the databases of DJANGO_DATABASES; which one is used is `use(alias)`."""
import json
import os

import django
from django.conf import settings

def setup(app='django_celery_results'):
    if settings.configured:
        return
    databases = json.loads(os.environ['DJANGO_DATABASES'])
    settings.configure(
        DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}, **databases},
        INSTALLED_APPS=[app],
        DEFAULT_AUTO_FIELD='django.db.models.AutoField',
        USE_TZ=True,
        TIME_ZONE='UTC',
    )
    django.setup()
    from django.core.management import call_command
    for alias in databases:
        call_command('migrate', app, database=alias, verbosity=0)


def use(alias):
    setup()
    from django.db import connections
    # Its transactions are always those of the default database.
    connections['default'] = connections[alias]
