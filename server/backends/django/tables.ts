// The tables of django-celery-results, which its migrations make: this package never makes or changes them.
// django-celery-results 2.x: models.py
import { ImproperlyConfigured, toError } from '../../errors.ts';
import { quoted, type SqlDriver } from '../sql/driver.ts';

export const TASKS: string = quoted('django_celery_results_taskresult');
export const GROUPS: string = quoted('django_celery_results_groupresult');
export const COUNTERS: string = quoted('django_celery_results_chordcounter');

/** @throws ImproperlyConfigured when they are not there */
export async function checkTables(driver: SqlDriver): Promise<void> {
  try {
    for (const table of [TASKS, GROUPS, COUNTERS]) await driver.query(`SELECT 1 FROM ${table} WHERE 1 = 0`);
  } catch (thrown) {
    const error = toError(thrown);
    if (driver.isTemporary(error) || !/exist|no such table/i.test(error.message)) throw error;
    throw new ImproperlyConfigured(
      `The database ${driver.place} has no tables of django-celery-results 2 (${error.message}). ` +
        'Make them with Django: python manage.py migrate django_celery_results',
      { cause: error },
    );
  }
}
