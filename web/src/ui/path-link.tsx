// A link to a path of these pages that the server gave as text ('/tasks?state=FAILURE').
import { useRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { BASE_PATH } from '../api/base.ts';

export function PathLink({
  href,
  children,
  className,
  title,
}: {
  href: string;
  children: ReactNode;
  className?: string;
  title?: string;
}) {
  const router = useRouter();
  const whole = BASE_PATH + href.replace(/^\//, '');
  return (
    <a
      href={whole}
      className={className}
      title={title}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        router.history.push(whole);
      }}
    >
      {children}
    </a>
  );
}
