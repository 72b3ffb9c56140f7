// What the pages say to a person, read out of their sources: which texts are asked of the catalogue (web/src/language), which stand
// outside of it. The laws about both: test/house.test.ts. Keys, class names, paths and what Celery names are told from texts by where
// they stand and how they look; what still looks like a text and is none stands in NO_TEXT.
import { readFileSync } from 'node:fs';
import { parseSync } from 'vite';

/** By file: what looks like a text for people and is none (a key of a map, a class, a query). */
const NO_TEXT: Readonly<Record<string, readonly string[]>> = {
  'api/replies.ts': ['\u2026 is missing', '\u2026 is of the kind \u2026 and not \u2026'],
  'ui/invisible.ts': [
    'carriage return',
    'soft hyphen',
    'Arabic letter mark',
    'line separator',
    'paragraph separator',
    'pop directional formatting',
    'word joiner',
    'first strong isolate',
    'pop directional isolate',
    'byte order mark',
  ],
  'access/browser-of.ts': ['Edge', 'Opera', 'Firefox', 'Chrome', 'Safari', 'Android', 'Windows', 'Linux'],
  'schedules/entry-form.tsx': ['nightly-totals', 'shop.reports.totals', 'Europe/Paris'],
  'alerts/automation-form.tsx': ['shop.*', '*Error', 'celery@web-*'],
  'pages/scheduled.tsx': ['ETA', 'ETA tasks'],
  'pages/schedules.tsx': ['schedules'],
  'access/new-token.tsx': ['retry, revoke', 'cron-reports'],
  'broker/broker-head.tsx': ['\u2026 ms'],
  'queues/queue-list.ts': ['queues'],
  'workers/active.tsx': ['terminate'],
  'workers/limits.tsx': ['p95', '\u2026/m'],
  'workers/worker-list.ts': ['workers'],
  'workflows/fold.ts': ['not seen'],
  'workflows/mermaid.ts': ['subgraph \u2026["\u2026"]', 'class \u2026 failed'],
  'workflows/timeline-view.tsx': ['run guess'],
  'workers/worker-requests.tsx': ['ETA'],
  'ui/list/listing.tsx': ['content listing'],
  'ui/menu.tsx': ['item danger'],
  'ui/format.ts': ['\u2026 ms'],
  'ui/table/lines.ts': ['group \u2026'],
  'overview/failures-card.tsx': ['exception:\u2026 name:\u2026'],
  'pages/queues.tsx': ['queues'],
  'pages/workers.tsx': ['workers'],
  'tasks/task-finding.tsx': ['exception:\u2026 name:\u2026'],
  'tasks/timeline.ts': [
    'Sent',
    'Received',
    'Started',
    'Running',
    'Waiting',
    'Succeeded',
    'Failed',
    'To retry',
    'Revoked',
    'Rejected',
    'Unknown',
  ],
  'tasks/task-values.tsx': ['args', 'kwargs'],
  'shell/help.tsx': ['Page', 'List', 'Task', 'View'],
};

/** Names that are the same in every language. */
const NAMES = new Set([
  'Umbel',
  'Celery',
  'Flower',
  'Python',
  'Redis',
  'RabbitMQ',
  'None',
  'p50',
  'p95',
  'p99',
  'Esc',
  'Ctrl',
  'Shift',
  'Control',
  'Alt',
  'Meta',
  'SIGTERM',
  'SIGKILL',
  'SIGINT',
  'SIGUSR1',
]);

/** Attributes and properties whose value a person reads, however short. */
const READ =
  /^(aria-label|aria-description|aria-roledescription|aria-valuetext|title|placeholder|alt|label|hint|what|text|more|note|word|verb|caption)$/;
/** Attributes that nobody reads, whatever is in them. */
const UNREAD =
  /^(className|class|style|id|key|type|role|name|icon|state|kind|to|href|rel|d|viewBox|points|transform|autoComplete|data-.*|aria-live|aria-controls|keys|group|template|xmlns)$/;
/** Calls whose first texts a person reads. */
const SAYS = /^(toast|confirm|alert)$/;
const ASKS = /^(t|tn|rich)$/;

interface Asked {
  readonly text: string;
  /** 'web/src/ui/x.tsx:12' */
  readonly where: string;
  /** Of its node, in the file. @unit characters */
  readonly start: number;
}

interface Found {
  /** Texts that are asked of the catalogue. Of tn() the second: it is the key. */
  readonly asked: readonly Asked[];
  readonly outside: readonly Asked[];
}

type Node = { readonly type: string; readonly start: number } & Record<string, unknown>;

/** @param path from the root, below web/src */
export function textsOf(root: string, path: string): Found {
  const code = readFileSync(root + path, 'utf8');
  const { program, errors } = parseSync(path, code);
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]!.message}`);
  const asked: Asked[] = [];
  const outside: Asked[] = [];
  const spared = new Set(NO_TEXT[path.slice('web/src/'.length)]);
  const at = (node: Node) => `${path}:${code.slice(0, node.start).split('\n').length}`;
  const report = (node: Node, text: string) => {
    const shown = text.trim().replace(/\s+/g, ' ');
    if (!spared.has(shown) && !NAMES.has(shown)) outside.push({ text: shown, where: at(node), start: node.start });
  };

  const ask = (call: Node): Node[] => {
    const args = call.arguments as Node[];
    const name = (call.callee as Node).name;
    const key = args[name === 'tn' ? 2 : 0];
    const texts = name === 'tn' ? args.slice(1, 3) : args.slice(0, 1);
    for (const arg of texts) {
      const text = arg.type === 'Literal' && typeof arg.value === 'string' ? arg.value : null;
      if (text === null)
        outside.push({
          text: `${String(name)}() of a text that cannot be read here`,
          where: at(arg),
          start: arg.start,
        });
      else if (arg === key) asked.push({ text, where: at(arg), start: arg.start });
    }
    return args.filter((arg) => !texts.includes(arg));
  };

  /** @param read a person reads what is here @param unread nobody does */
  const visit = (node: unknown, read: boolean, unread: boolean): unknown => {
    if (Array.isArray(node)) {
      for (const one of node) visit(one, read, unread);
      return;
    }
    if (node === null || typeof node !== 'object' || typeof (node as Node).type !== 'string') return;
    const here = node as Node;
    switch (here.type) {
      case 'ImportDeclaration':
      case 'ImportExpression':
      case 'ExportAllDeclaration':
      case 'TSInterfaceDeclaration':
      case 'TSTypeAliasDeclaration':
      case 'TSTypeAnnotation':
      case 'TSTypeParameterInstantiation':
        return;
      case 'TSAsExpression':
      case 'TSSatisfiesExpression':
        return visit(here.expression, read, unread);
      case 'JSXText':
        if (/\p{L}/u.test(here.value as string)) report(here, here.value as string);
        return;
      case 'JSXAttribute': {
        const name = nameOf(here.name as Node);
        return visit(here.value, READ.test(name), UNREAD.test(name));
      }
      case 'JSXExpressionContainer':
        return visit(here.expression, read, unread);
      case 'JSXElement':
        visit((here.openingElement as Node).attributes, false, false);
        for (const child of here.children as Node[]) visit(child, child.type === 'JSXExpressionContainer', false);
        return;
      case 'JSXFragment':
        for (const child of here.children as Node[]) visit(child, child.type === 'JSXExpressionContainer', false);
        return;
      case 'CallExpression': {
        const callee = here.callee as Node;
        const name = callee.type === 'Identifier' ? String(callee.name) : '';
        if (ASKS.test(name)) return visit(ask(here), false, false);
        visit(callee, false, false);
        return visit(here.arguments, SAYS.test(name), unread || isOnText(callee));
      }
      case 'NewExpression':
        return visit(here.arguments, false, true);
      case 'Property': {
        const key = here.key as Node;
        const name = here.computed ? '' : nameOf(key);
        if (here.computed) visit(key, false, false);
        return visit(here.value, READ.test(name), unread || UNREAD.test(name));
      }
      case 'MemberExpression':
        return visit(here.object, false, false);
      case 'BinaryExpression':
        if (/^[=!]==?$|^in$/.test(here.operator as string)) return visitBoth(here, false, true);
        return visitBoth(here, read, unread);
      case 'ConditionalExpression':
        visit(here.test, false, false);
        visit(here.consequent, read, unread);
        return visit(here.alternate, read, unread);
      case 'LogicalExpression':
        visit(here.left, here.operator === '&&' ? false : read, unread);
        return visit(here.right, read, unread);
      case 'SwitchCase':
        return visit(here.consequent, read, unread);
      case 'ArrowFunctionExpression':
        visit(here.params, false, false);
        return visit(here.body, (here.body as Node).type === 'BlockStatement' ? false : read, unread);
      case 'ExpressionStatement':
        if (typeof here.directive === 'string') return;
        return visit(here.expression, false, false);
      case 'Literal': {
        const text = here.value;
        if (typeof text !== 'string' || unread) return;
        if (read ? /\p{L}/u.test(text) : isSentence(text)) report(here, text);
        return;
      }
      case 'TemplateLiteral': {
        const parts = (here.quasis as { value: { cooked: string } }[]).map(({ value }) => value.cooked);
        const text = parts.join('\u2026');
        if (!unread && (read ? parts.some((part) => /\p{L}/u.test(part)) : isSentence(text))) report(here, text);
        return visit(here.expressions, read, unread);
      }
      case 'TaggedTemplateExpression':
        return;
      default:
        for (const [key, value] of Object.entries(here))
          if (key !== 'type' && key !== 'start' && key !== 'end') visit(value, false, unread);
    }
  };
  const visitBoth = ({ left, right }: Node, read: boolean, unread: boolean): void => {
    visit(left, read, unread);
    visit(right, read, unread);
  };
  visit(program, false, false);
  return { asked, outside };
}

/** What is done to a text or asked of the document: 'a, b'.split(', '), element.closest('tr a'). */
function isOnText(callee: Node): boolean {
  if (callee.type !== 'MemberExpression') return false;
  return /^(join|split|includes|startsWith|endsWith|indexOf|replace|replaceAll|matches|closest|querySelector|querySelectorAll|getElementById|addEventListener|removeEventListener|setAttribute|getAttribute|append|get|set|has|test|exec|match)$/.test(
    nameOf(callee.property as Node),
  );
}

/** Where it does not say by its place what it is: two words, or one with a capital letter. */
function isSentence(text: string): boolean {
  if (/\u2026(px|fr|ch)\b/.test(text)) return false;
  if (/^[A-Z][a-z]{2,}([.:]?$|\s)/.test(text)) return true;
  return /(?:^|[\s\u2026(])[A-Za-z][a-z']+[,.:;]? (?:\u2026|[a-z]+(?:[\s,.:;?!]|$))|\u2026 ?(?:s )?[a-z]{2,}(?:[\s,.:;]|$)/.test(
    text,
  );
}

function nameOf(node: Node): string {
  if (node.type === 'JSXNamespacedName') return `${nameOf(node.namespace as Node)}:${nameOf(node.name as Node)}`;
  return typeof node.name === 'string' ? node.name : String(node.value ?? '');
}
