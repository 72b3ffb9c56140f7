// A field of a form under its label, and below it what is wrong with it, whoever found it: this page or the server.
// Not here: what is written into fields and what it says (alerts/rule-fields.ts, schedules/entry-fields.ts and the like); which
// field a refusal of the server is about (refused-field.ts).
import type { ComponentProps, ReactNode } from 'react';

export type FieldMore = Omit<ComponentProps<'input'>, 'value' | 'onChange' | 'id'> & {
  /** One is chosen of these. Default: anything is written. */
  options?: readonly (readonly [value: string, label: string])[];
};
interface FieldProps extends FieldMore {
  id: string;
  label: ReactNode;
  wrong: string | null;
  /** What is wrong stands elsewhere, as under a row of fields, by the id of this one and '-wrong'. Default false. */
  isSaidBelow?: boolean;
  value: string;
  onChange: (event: { target: { value: string } }) => void;
}

export function Field({ id, label, wrong, isSaidBelow = false, options, value, onChange, ...rest }: FieldProps) {
  const said = {
    ...{ id, className: 'input', value, onChange },
    'aria-invalid': wrong !== null,
    'aria-describedby': wrong === null ? undefined : `${id}-wrong`,
  };
  return (
    <div className="form-field">
      <label htmlFor={id}>{label}</label>
      {options ? (
        <select {...said}>
          {options.map(([one, words]) => (
            <option key={one} value={one}>
              {words}
            </option>
          ))}
        </select>
      ) : (
        <input autoComplete="off" spellCheck={false} autoCapitalize="off" {...rest} {...said} />
      )}
      {wrong !== null && !isSaidBelow && (
        <p className="failed" role="alert" id={`${id}-wrong`}>
          {wrong}
        </p>
      )}
    </div>
  );
}
