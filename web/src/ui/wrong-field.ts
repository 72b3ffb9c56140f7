// What is wrong with what a form says, and at which of its fields. What the server says of that: refused-field.ts.

/** `field` null: at none of them. */
export interface Wrong<Name extends string> {
  readonly field: Name | null;
  readonly text: string;
}
