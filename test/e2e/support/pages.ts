// What the tests look at on the pages, by the names a person would use.
import type { Locator, Page } from 'playwright';

/** The row of a task in the list. */
export function rowOf(page: Page, id: string): Locator {
  return page.locator('.tasks-table tbody tr', { has: page.locator(`a[data-row="${id}"]`) });
}

/** The state in the row of a task, once it is this one. */
export function stateOf(page: Page, id: string, state: string): Locator {
  return rowOf(page, id).locator(`.state[data-state="${state}"]`);
}

/** The tasks of the list, from the top. */
export function idsOf(page: Page): Promise<string[]> {
  return page
    .locator('.tasks-table tbody a[data-row]')
    .evaluateAll((links) => (links as unknown as { dataset: { row: string } }[]).map((link) => link.dataset.row));
}

/** The chip that keeps one state. */
export function chip(page: Page, state: string): Locator {
  return page.getByRole('list', { name: 'State' }).getByRole('button', { name: new RegExp(`^${state}`) });
}
