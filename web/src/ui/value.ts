// A value as Python would show it, and its parts for the tree. Pure. Reading reprs: shared/python-literal.ts. Drawing: value-tree.tsx.
import { saferepr } from '../../../shared/python-repr.ts';
import { PyTuple } from '../../../shared/python-values.ts';

export interface Part {
  key: string;
  value: unknown;
}

/** What can be opened: dict, list, tuple, set. null: a plain value. */
export function partsOf(value: unknown): { open: string; close: string; parts: Part[]; named: boolean } | null {
  if (Array.isArray(value)) return { open: '[', close: ']', named: false, parts: numbered(value) };
  if (value instanceof PyTuple) return { open: '(', close: ')', named: false, parts: numbered(value.items) };
  if (value instanceof Set) return { open: '{', close: '}', named: false, parts: numbered([...value]) };
  if (value instanceof Map) {
    return { open: '{', close: '}', named: true, parts: [...value].map(([k, v]) => ({ key: show(k), value: v })) };
  }
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return { open: '{', close: '}', named: true, parts: Object.entries(value).map(([key, v]) => ({ key, value: v })) };
  }
  return null;
}

function numbered(items: readonly unknown[]): Part[] {
  return items.map((value, i) => ({ key: String(i), value }));
}

export function show(value: unknown): string {
  if (value === undefined) return 'None';
  return saferepr(value);
}

/** Its type's word, for colour and for a screen reader. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'string') return value === '...' ? 'cut' : 'str';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number' || typeof value === 'bigint') return 'number';
  return partsOf(value) ? 'container' : 'other';
}
