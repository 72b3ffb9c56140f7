// Buttons and what makes them honest: a disabled one keeps its place and says why.
// Holds: aria-disabled, not disabled, so that keyboard and screen reader reach the reason.

import { Tooltip } from 'radix-ui';
import { type ComponentProps, type ReactNode, useState } from 'react';
import { t } from '../language/text.ts';
import { Icon, type IconName } from './icon.tsx';
import { toast } from './toaster.tsx';

export interface ButtonProps extends Omit<ComponentProps<'button'>, 'title'> {
  icon?: IconName;
  kind?: 'primary' | 'danger' | 'fatal' | 'bare' | 'bare danger';
  /** Why it cannot be done now. */
  refused?: string | null;
  /** Said on hover and focus; the accessible name of a button with only an icon. */
  hint?: string;
  keys?: string;
}

export function Button({ icon, kind, refused, hint, keys, children, className, onClick, ...rest }: ButtonProps) {
  const only = children === undefined;
  const said = refused ?? hint;
  const button = (
    <button
      type="button"
      className={['btn', kind, only && 'only', className].filter(Boolean).join(' ')}
      aria-disabled={refused ? true : undefined}
      aria-label={only ? hint : undefined}
      onClick={refused ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
  if (!said) return button;
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{button}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="menu tip" sideOffset={4} collisionPadding={8}>
          {said}
          {keys && <kbd>{keys}</kbd>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

export function CopyButton({ text, what, keys }: { text: string | (() => string); what: string; keys?: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <Button
      kind="bare"
      icon={copied ? 'done' : 'copy'}
      hint={copied ? t('Copied') : t('Copy {what}', { what })}
      keys={keys}
      onClick={() => {
        void copyText(typeof text === 'function' ? text() : text, what);
        setCopied(true);
        setTimeout(() => setCopied(false), 1500);
      }}
    />
  );
}

export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    toast(t('The browser did not allow copying the {what}', { what }));
  }
}

export function Segmented<T extends string>({
  label,
  options,
  value,
  onChange,
  className = '',
}: {
  label: string;
  options: readonly (readonly [T, ReactNode])[];
  value: T;
  onChange: (value: T) => void;
  className?: string;
}) {
  return (
    <div className={`joined ${className}`} role="group" aria-label={label}>
      {options.map(([option, text]) => (
        <button key={option} type="button" aria-pressed={option === value} onClick={() => onChange(option)}>
          {text}
        </button>
      ))}
    </div>
  );
}
