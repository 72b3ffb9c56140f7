// A menu that hangs from a button: Radix's, not modal (its scroll lock writes a <style> element the content policy forbids).
import { DropdownMenu } from 'radix-ui';
import type { ReactElement, ReactNode } from 'react';
import { Icon, type IconName } from './icon.tsx';

export interface MenuItem {
  label: ReactNode;
  icon?: IconName;
  keys?: string;
  danger?: boolean;
  refused?: string | null;
  checked?: boolean;
  onSelect: () => void;
}

export function Menu({
  trigger,
  items,
  open,
  onOpenChange,
  label,
  align = 'end',
}: {
  trigger: ReactElement;
  label?: string;
  /** Which of its sides is in line with the button's. */
  align?: 'start' | 'end';
  /** null draws a rule. */
  items: readonly (MenuItem | null)[];
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}) {
  return (
    <DropdownMenu.Root modal={false} open={open} onOpenChange={onOpenChange}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="menu drop"
          align={align}
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
          loop
        >
          {items.map((item, i) =>
            item === null ? <DropdownMenu.Separator key={i} className="parting" /> : <Entry key={i} item={item} />,
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Entry({ item }: { item: MenuItem }) {
  const inside = (
    <>
      {item.checked !== undefined ? (
        <span className="tickbox">{item.checked && <Icon name="done" />}</span>
      ) : (
        item.icon && <Icon name={item.icon} />
      )}
      <span className="grow">
        {item.label}
        {item.refused && <small>{item.refused}</small>}
      </span>
      {item.keys && <kbd>{item.keys}</kbd>}
    </>
  );
  const className = item.danger ? 'item danger' : 'item';
  if (item.checked !== undefined) {
    return (
      <DropdownMenu.CheckboxItem
        className={className}
        checked={item.checked}
        onSelect={(event) => {
          event.preventDefault();
          item.onSelect();
        }}
      >
        {inside}
      </DropdownMenu.CheckboxItem>
    );
  }
  return (
    <DropdownMenu.Item className={className} disabled={Boolean(item.refused)} onSelect={() => item.onSelect()}>
      {inside}
    </DropdownMenu.Item>
  );
}
