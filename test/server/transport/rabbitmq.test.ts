import { beforeAll } from 'vitest';
import { transportContract } from '../../contract/transport.ts';
import { describeNeedsRabbit, type Rabbit, sharedRabbit } from '../../support/rabbitmq-server.ts';

describeNeedsRabbit('a real RabbitMQ', () => {
  let rabbit: Rabbit;
  beforeAll(async () => {
    rabbit = await sharedRabbit();
  });

  transportContract('amqp', () => rabbit.freshUrl(), {
    durable: true,
    crossProcess: true,
    priorities: 'higher-first',
    exchangeTypes: ['direct', 'topic', 'fanout', 'headers'],
    exchangeBindings: true,
    expiration: true,
    introspection: false,
    returnsAtLoss: true,
    peeksByTaking: true,
  });
});
