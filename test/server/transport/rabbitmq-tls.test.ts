// A port of a real RabbitMQ that speaks TLS only and wants a certificate of its clients: what is accepted, what is refused, and how that is said.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { TransportContext } from '../../../server/transport/contract.ts';
import { queue } from '../../../server/transport/entity.ts';
import { createTransport } from '../../../server/transport/registry.ts';
import { message, text } from '../../contract/transport/broker.ts';
import { type Certificates, makeCertificates } from '../../support/certificates.ts';
import { describeNeedsRabbit, sharedRabbit } from '../../support/rabbitmq-server.ts';

describeNeedsRabbit('RabbitMQ over TLS', () => {
  let pem: Certificates;
  /** Its address for those who speak TLS. */
  let secureUrl: (query: string, host?: string) => string;
  beforeAll(async () => {
    pem = makeCertificates();
    const rabbit = await sharedRabbit();
    const vhost = await rabbit.freshVhost();
    const port = await rabbit.securePort({ cert: pem.serverCert, key: pem.serverKey, ca: pem.ca });
    secureUrl = (query, host = '127.0.0.1') => `amqps://guest:guest@${host}:${port}/${vhost}${query}`;
  });
  afterAll(() => pem?.remove());
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  async function through(url: string, ssl?: TransportContext['ssl']): Promise<string | null> {
    const transport = await createTransport({ url, options: {}, ssl, connectTimeoutMs: 60_000 });
    closing.push(() => transport.close());
    await transport.connect();
    const c = await transport.channel();
    await c.declareQueue(queue('tls', { exchange: null }));
    await c.publish(message({ key: 'tls' }, 'hello'));
    return text(await c.get('tls', { noAck: true }));
  }
  const refusal = (url: string, ssl?: TransportContext['ssl']) =>
    through(url, ssl).then(
      () => expect.fail('it came through'),
      (error: Error) => error.message,
    );

  it('is checked, and shown a certificate, as the setting or the URL says', async () => {
    const ssl = { ca_certs: pem.ca, certfile: pem.clientCert, keyfile: pem.clientKey };
    expect(await through(secureUrl(''), ssl)).toBe('hello');
    expect(await through(secureUrl('', 'localhost').replace('amqps', 'amqp'), ssl)).toBe('hello');
    const query = Object.entries(ssl).map(([name, path]) => `ssl_${name}=${encodeURIComponent(path)}`);
    expect(await through(secureUrl(`?${query.join('&')}`).replace('amqps', 'pyamqps'))).toBe('hello');
    expect(await through(secureUrl(''), { ...ssl, ca_certs: undefined, cert_reqs: 'CERT_NONE' })).toBe('hello');
  });

  it('is refused when it is for another name, unless names are not to be checked', async () => {
    const rabbit = await sharedRabbit();
    const port = await rabbit.securePort({ cert: pem.otherCert, key: pem.otherKey, ca: pem.ca });
    const misnamed = secureUrl('').replace(/:\d+\//, `:${port}/`);
    const ssl = { ca_certs: pem.ca, certfile: pem.clientCert, keyfile: pem.clientKey };
    expect(await refusal(misnamed, ssl)).toMatch(/certificate for other names: .*ssl_check_hostname=false/);
    expect(await through(misnamed, { ...ssl, check_hostname: false })).toBe('hello');
  });

  it('is refused when nobody vouches for it, or it does not know this client', async () => {
    expect(await refusal(secureUrl(''))).toMatch(/has a certificate that is not trusted: .*ssl_ca_certs/);
    expect(await refusal(secureUrl(''), { ca_certs: pem.strangeCa })).toMatch(/has a certificate that is not trusted/);
    expect(await refusal(secureUrl(''), { ca_certs: pem.ca })).toMatch(/certificate of this client/);
    expect(await refusal(secureUrl('').replace('amqps', 'amqp'))).toMatch(/or one that speaks TLS \(amqps/);
    expect(await refusal(secureUrl(''), { ca_certs: '/none/ca.pem' })).toMatch(/ssl_ca_certs, which cannot be read/);
  });
});
