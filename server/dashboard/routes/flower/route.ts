// One of Flower's paths as a row: what it takes, who may, what answers it.
// Not here: registering them (flower.ts).
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OperationRequest } from '../../../../shared/wire/operations.ts';
import type { Access } from '../../access/identity.ts';
import { operationOf } from '../../operations/table.ts';
import type { RouteContext } from '../context.ts';
import type { Parameters } from './parameters.ts';

export interface FlowerRequest {
  readonly context: RouteContext;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly parameters: Parameters;
  /** What stands in the place of `*` in its path: any name. */
  readonly name: string;
}

export interface FlowerRoute {
  readonly method: 'GET' | 'POST' | 'GET, POST';
  /** Below the prefix of the dashboard; `*` is any name. */
  readonly path: string;
  readonly access: Access;
  /** What it does to the cluster, for the record of who was refused it. */
  readonly action?: OperationRequest['action'];
  /** Flower's task endpoints tell of errors by the status alone. Default: text. */
  readonly errors?: 'text' | 'status';
  /** @returns what is sent as JSON, or the reply that was sent */
  readonly answer: (asked: FlowerRequest) => Promise<unknown>;
}

/** Of a row that does what an operation does: who may. */
export const acts = (action: OperationRequest['action']): Pick<FlowerRoute, 'access' | 'action'> => ({
  access: operationOf(action).access,
  action,
});
