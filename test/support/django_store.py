"""Django with django-celery-results on the databases of DJANGO_DATABASES; which one is used is `use(alias)`."""
import json
import os

import django
from django.conf import settings

def setup():
    if settings.configured:
        return
    databases = json.loads(os.environ['DJANGO_DATABASES'])
    settings.configure(
        DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}, **databases},
        INSTALLED_APPS=['django_celery_results'],
        DEFAULT_AUTO_FIELD='django.db.models.AutoField',
        USE_TZ=True,
        TIME_ZONE='UTC',
    )
    django.setup()
    from django.core.management import call_command
    for alias in databases:
        call_command('migrate', 'django_celery_results', database=alias, verbosity=0)


def use(alias):
    setup()
    from django.db import connections
    # Its transactions are always those of the default database.
    connections['default'] = connections[alias]
