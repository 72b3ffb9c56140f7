// The bindings of one exchange of type headers: a message goes where its headers are what a binding asks for.
// Keys and patterns: exchange.ts.
// Holds: `x-match` all (the default) wants every argument to be a header of that value, any wants one; arguments that begin with `x-` are
// not compared; one without a value (null) wants the header to be there.
// RabbitMQ: rabbit_exchange_type_headers
import { isDeepStrictEqual } from 'node:util';
import type { Arguments } from '../entity.ts';

interface HeadersBinding {
  /** A queue, or an exchange. */
  readonly target: string;
  readonly args: Arguments;
}

export class HeadersBindings {
  #bindings: HeadersBinding[] = [];

  get size(): number {
    return this.#bindings.length;
  }

  /** true: it was new. */
  add(target: string, args: Arguments): boolean {
    if (this.#bindings.some((one) => one.target === target && isDeepStrictEqual(one.args, args))) return false;
    this.#bindings.push({ target, args });
    return true;
  }

  /** true: it was there. */
  remove(target: string, args: Arguments): boolean {
    return this.#keep((one) => one.target !== target || !isDeepStrictEqual(one.args, args));
  }

  /** true: it had bindings. */
  removeTarget(target: string): boolean {
    return this.#keep((one) => one.target !== target);
  }

  match(headers: Arguments, found: Set<string>): void {
    for (const { target, args } of this.#bindings) if (takes(args, headers)) found.add(target);
  }

  #keep(wanted: (one: HeadersBinding) => boolean): boolean {
    const before = this.#bindings.length;
    this.#bindings = this.#bindings.filter(wanted);
    return this.#bindings.length < before;
  }
}

function takes(args: Arguments, headers: Arguments): boolean {
  const compared = Object.entries(args).filter(([name]) => !name.startsWith('x-'));
  const equal = ([name, value]: [string, unknown]) =>
    Object.hasOwn(headers, name) && (value === null || value === undefined || isDeepStrictEqual(headers[name], value));
  return args['x-match'] === 'any' ? compared.some(equal) : compared.every(equal);
}
