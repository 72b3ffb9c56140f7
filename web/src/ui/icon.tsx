// Every small drawing of the pages: 16 px, 1.5 px stroke, in the ink of its surroundings.
// Icons of states belong to state-badge.tsx, which draws them through here.
import type { JSX } from 'react';

const path = (d: string) => <path d={d} />;

const DRAWN = {
  FAILURE: (
    <>
      <path d="M5.4 2.2h5.2l3.2 3.2v5.2l-3.2 3.2H5.4l-3.2-3.2V5.4z" className="solid" />
      <path d="M5.9 5.9l4.2 4.2M10.1 5.9l-4.2 4.2" className="cut" />
    </>
  ),
  PENDING: <circle cx="8" cy="8" r="5" />,
  RECEIVED: path('M8 2.5v5.5M5.7 5.9L8 8.2l2.3-2.3M2.8 8.8v4.2h10.4V8.8'),
  RETRY: path('M12.8 6.2A5 5 0 1 0 13 9.2M13 3v3.3H9.7'),
  REVOKED: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M4.2 11.8l7.6-7.6" />
    </>
  ),
  STARTED: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M6.7 5.7v4.6L10.4 8z" fill="currentColor" />
    </>
  ),
  SUCCESS: path('M3.5 8.5l3 3 6-7'),
  REJECTED: path('M6.5 4L3 7.5 6.5 11M3 7.5h6.5a3.5 3.5 0 0 1 0 7H8'),
  IGNORED: path('M4 8h8'),
  custom: (
    <>
      <rect x="2.7" y="2.7" width="10.6" height="10.6" rx="2" />
      <circle cx="8" cy="8" r="1.2" fill="currentColor" />
    </>
  ),
  online: <circle cx="8" cy="8" r="5" className="solid" />,
  late: (
    <>
      <circle cx="8" cy="8" r="5" />
      <path d="M8 3a5 5 0 0 1 0 10z" className="solid" />
    </>
  ),
  offline: <circle cx="8" cy="8" r="5" />,
  alerts: path('M4 11V7.5a4 4 0 0 1 8 0V11l1.2 1.5H2.8zM7 14.5h2'),
  audit: path('M4 2.5h6l2.5 2.5v8.5h-8.5zM6.2 7h4M6.2 10h4'),
  broker: (
    <>
      <ellipse cx="8" cy="4" rx="5" ry="1.8" />
      {path('M3 4v8c0 1 2.2 1.8 5 1.8s5-.8 5-1.8V4M3 8c0 1 2.2 1.8 5 1.8s5-.8 5-1.8')}
    </>
  ),
  close: path('M4 4l8 8M12 4l-8 8'),
  columns: (
    <>
      <rect x="2.5" y="3" width="11" height="10" rx="1" />
      <path d="M6.2 3v10M9.8 3v10" />
    </>
  ),
  copy: (
    <>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
      <path d="M3.5 10.5h-1v-8h8v1" />
    </>
  ),
  done: path('M3.5 8.5l3 3 6-7'),
  down: path('M4.5 6.5L8 10l3.5-3.5'),
  drain: path('M3 3.5h10M4.5 7h7M6 10.5h4M8 13.5v.01'),
  edit: path('M3 13l.6-2.8 7-7 2.2 2.2-7 7zM9.4 4.4l2.2 2.2'),
  events: path('M1.5 8.5h3l1.8-5 3 9 1.9-5.2.7 1.2h2.6'),
  external: path('M9 3h4v4M13 3L7.5 8.5M11 9.5V13H3V5h3.5'),
  failures: path('M5.5 2.5h5l3 3v5l-3 3h-5l-3-3v-5zM8 5.2v3.3M8 10.8v.01'),
  key: (
    <>
      <circle cx="5.5" cy="10.5" r="2.8" />
      <path d="M7.6 8.4L13 3M10.5 5.5l2 2M12 4l1.5 1.5" />
    </>
  ),
  language: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M2.5 8h11M8 2.5c-4 3.4-4 7.6 0 11M8 2.5c4 3.4 4 7.6 0 11" />
    </>
  ),
  later: path('M4.5 2.5h7M4.5 13.5h7M5.5 2.5v2.3L8 8l-2.5 3.2v2.3M10.5 2.5v2.3L8 8l2.5 3.2v2.3'),
  minus: path('M3.5 8h9'),
  moon: path('M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z'),
  more: <path d="M3.5 8h.01M8 8h.01M12.5 8h.01" strokeWidth="2" />,
  overview: path('M2.5 11a5.5 5.5 0 1 1 11 0M8 11l2.6-3.2'),
  pause: path('M5.5 4v8M10.5 4v8'),
  play: path('M5 3.5v9l7-4.5z'),
  plus: path('M8 3.5v9M3.5 8h9'),
  power: path('M8 2.5v5M4.8 4.6a5 5 0 1 0 6.4 0'),
  queues: path('M8 2.5l5.5 2.7L8 8 2.5 5.2zM2.5 8.2L8 11l5.5-2.8M2.5 11L8 13.7 13.5 11'),
  refresh: path('M12.8 6.2A5 5 0 1 0 13 9.2M13 3v3.3H9.7'),
  right: path('M6.5 4.5L10 8l-3.5 3.5'),
  rising: path('M2.5 11.5l3.5-4 2.5 2.5 5-6M10 4h3.5v3.5'),
  schedules: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 4.8V8l2.3 1.6" />
    </>
  ),
  search: (
    <>
      <circle cx="7" cy="7" r="4" />
      <path d="M10 10l3.5 3.5" />
    </>
  ),
  settings: (
    <>
      <path d="M2.5 5h6M11.5 5h2M2.5 11h2M7.5 11h6" />
      <circle cx="10" cy="5" r="1.5" />
      <circle cx="6" cy="11" r="1.5" />
    </>
  ),
  stop: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M4.2 11.8l7.6-7.6" />
    </>
  ),
  sun: path(
    'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7',
  ),
  table: path('M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.7h11M6.2 3v10'),
  tasks: path('M2.5 4h1M2.5 8h1M2.5 12h1M6 4h7.5M6 8h7.5M6 12h7.5'),
  trash: path('M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.6 9h5.8l.6-9'),
  up: path('M4.5 9.5L8 6l3.5 3.5'),
  workers: (
    <>
      <rect x="2.5" y="2.5" width="11" height="4.5" rx="1" />
      <rect x="2.5" y="9" width="11" height="4.5" rx="1" />
      <path d="M5 4.75h.01M5 11.25h.01" />
    </>
  ),
  workflows: path('M5.5 8h2M10 4.5H9Q7.5 4.5 7.5 6v4q0 1.5 1.5 1.5h1M2 6.5h3.5v3H2zM10 3h4v3h-4zM10 10h4v3h-4z'),
} satisfies Record<string, JSX.Element>;

export type IconName = keyof typeof DRAWN;

/** @param size within a picture, whose own parts no style gives a size. @unit pixels */
export function Icon({ name, className, size }: { name: IconName; className?: string; size?: number }) {
  return (
    <svg
      className={className ? `icon ${className}` : 'icon'}
      viewBox="0 0 16 16"
      width={size}
      height={size}
      aria-hidden="true"
    >
      {DRAWN[name]}
    </svg>
  );
}

/** The mark of the product: an umbel. */
export function Mark() {
  return (
    <svg className="umbel" viewBox="0 0 18 18" aria-hidden="true">
      <path d="M9 16.5V13M9 13L3 7.2M9 13L5.6 4.4M9 13V3.6M9 13l3.4-8.6M9 13l6-5.8" />
      <g>
        <circle cx="2.4" cy="6.4" r="1.6" />
        <circle cx="5.2" cy="3.3" r="1.6" />
        <circle cx="9" cy="2.2" r="1.6" />
        <circle cx="12.8" cy="3.3" r="1.6" />
        <circle cx="15.6" cy="6.4" r="1.6" />
      </g>
    </svg>
  );
}
