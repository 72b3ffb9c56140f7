// A notice as a mail, by SMTP: by the package nodemailer, which is loaded with the first one and is not installed for who wants none.
// Holds: a server that offers TLS is spoken to by TLS, with its certificate checked; no message holds the password.
import { optionalDriver } from '../../backends/optional-driver.ts';
import { toError } from '../../errors.ts';
import { type Channel, type Notice, timeOf } from './channel.ts';
import type { ResolvedChannel } from './config.ts';
import type { Attempt } from './post.ts';

/** What is needed of the package. */
interface Nodemailer {
  createTransport(options: object): {
    sendMail(mail: object): Promise<{ response?: string }>;
    close(): void;
  };
}

const TIMES = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

export function mail(config: ResolvedChannel & { type: 'mail' }): Channel {
  const { name, severity, remind, server, user, password, from, to } = config;
  const { hostname, port, protocol } = new URL(server);
  const secure = protocol === 'smtps:';
  return {
    ...{ name, type: 'mail', to: to.join(', '), severity, remind },
    async send(notice): Promise<Attempt> {
      let createTransport: Nodemailer['createTransport'];
      try {
        ({ createTransport } = await optionalDriver<Nodemailer>('nodemailer', 'An alert by mail'));
      } catch (error) {
        return { ok: false, detail: toError(error).message, again: false };
      }
      const transport = createTransport({
        host: hostname.replace(/^\[|\]$/g, ''),
        port: port === '' ? (secure ? 465 : 587) : Number(port),
        secure,
        ...(user === null ? {} : { auth: { user, pass: password ?? '' }, requireTLS: !secure }),
        // A text of ours is no file and no address to be fetched.
        ...{ disableFileAccess: true, disableUrlAccess: true, ...TIMES },
      });
      try {
        const { response = 'accepted' } = await transport.sendMail({ from, to, ...mailOf(notice) });
        return { ok: true, detail: response.split('\n')[0]!, again: false };
      } catch (error) {
        const { responseCode, message } = toError(error) as Error & { responseCode?: number };
        // 5xx is for good, as SMTP has it.
        return { ok: false, detail: message, again: responseCode === undefined || responseCode < 500 };
      } finally {
        transport.close();
      }
    },
  };
}

export function mailOf(notice: Notice) {
  const { id, text, rule, subjects, count, cluster, url } = notice;
  const lines = subjects.map((one) => `- ${one.name} ${one.detail}${one.url === null ? '' : `\n  ${one.url}`}`);
  if (count > subjects.length) lines.push(`- ${count - subjects.length} more`);
  const about = rule === null ? [] : [`Rule: ${rule.name} (${rule.severity})`];
  return {
    subject: `[${cluster}] ${text}`.replace(/\s+/g, ' ').slice(0, 200),
    text: [
      text,
      '',
      ...about,
      `Cluster: ${cluster}`,
      `Found: ${timeOf(notice)}`,
      '',
      ...lines,
      ...(url === null ? [] : ['', url]),
      '',
    ].join('\n'),
    // The same in every attempt, so that mail programs show it once.
    messageId: `<${id}@umbel>`,
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}
