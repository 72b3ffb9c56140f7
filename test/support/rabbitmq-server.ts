// A real RabbitMQ of the tests' own: private ports, a folder of the run, nothing of the machine's own is touched. All files of a run share
// one (`sharedRabbit`), where each takes virtual hosts nobody used yet; who ends, restarts or halts one has one alone (`rabbitServer`).
// It needs no epmd, no rabbitmqctl and no plugin: a door of its own, a local port, takes Erlang and answers (`ask`). A start takes
// about 5 s of CPU, a virtual host 20 ms.
// Holds: `start` returns when clients are taken; `stop` and `kill` when it is gone; it ends with the run, however that ends.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { markOfRun } from './ends-with-run.ts';
import { oncePerRun } from './once-per-run.ts';
import { freePort, OwnProcess, onFreePort, removeFolder, startOnFreePort, whenUp } from './server-process.ts';

/** Debian's own in /usr/sbin changes the user first, and cannot write our folder then. */
const PROGRAM = '/usr/lib/rabbitmq/bin/rabbitmq-server';
/** In CI what is missing is a failure, not a skip. */
export const hasRabbit: boolean = process.env.CI === 'true' || existsSync(PROGRAM);
export const itNeedsRabbit: typeof it | typeof it.skip = hasRabbit ? it : it.skip;
export const describeNeedsRabbit: typeof describe | typeof describe.skip = hasRabbit ? describe : describe.skip;

export interface RabbitOptions {
  /** For how long a delivery may go unacknowledged before its channel is closed; looked at as often. Default half an hour. @unit milliseconds */
  readonly consumerTimeoutMs?: number;
  /** One of a cluster (rabbitmq-cluster.ts): on an address of its own of this machine, at one port for all of them. */
  readonly member?: { readonly address: string; readonly port: number };
  /** Further terms of the section `rabbit` of its configuration, in Erlang: ['{channel_max, 10}']. */
  readonly terms?: readonly string[];
}

/** Files: of the server, and of the authority that signed its clients'. */
export interface RabbitTls {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** What a client needs to know of a running one. */
interface Place {
  readonly port: number;
  /** Of the door. */
  readonly door: number;
}

/** A running server; guest, with the password guest, may do everything. */
export class Rabbit {
  protected place: Place;

  constructor(place: Place) {
    this.place = place;
  }

  get port(): number {
    return this.place.port;
  }

  url(vhost = '/'): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}/${encodeURIComponent(vhost)}`;
  }

  /** A virtual host nobody used yet, which guest may use; its name. */
  async freshVhost(name = `v${randomBytes(6).toString('hex')}`): Promise<string> {
    await this.ask(
      `rabbit_vhost:add(${binary(name)}, <<"test">>), ` +
        `rabbit_auth_backend_internal:set_permissions(<<"guest">>, ${binary(name)}, <<".*">>, <<".*">>, <<".*">>, <<"test">>)`,
    );
    return name;
  }

  /** The address of a virtual host nobody used yet. */
  async freshUrl(): Promise<string> {
    return this.url(await this.freshVhost());
  }

  /** A user who may configure, write and read what has a name of this pattern, and nothing else. */
  async user(name: string, password: string, vhost: string, pattern: string): Promise<void> {
    const may = `${binary(pattern)}, ${binary(pattern)}, ${binary(pattern)}`;
    await this.ask(
      `rabbit_auth_backend_internal:put_user(#{name => ${binary(name)}, password => ${binary(password)}, tags => <<>>}, <<"test">>), ` +
        `rabbit_auth_backend_internal:set_permissions(${binary(name)}, ${binary(vhost)}, ${may}, <<"test">>)`,
    );
  }

  /** A further port, which speaks TLS only and takes clients whose certificate the same authority signed. It stays as long as the server. */
  securePort({ cert, key, ca }: RabbitTls): Promise<number> {
    const files = `{cacertfile, "${ca}"}, {certfile, "${cert}"}, {keyfile, "${key}"}`;
    const options = `rabbit_ssl_options:fix([${files}, {verify, verify_peer}, {fail_if_no_peer_cert, true}])`;
    return onFreePort(async (port) => {
      await this.ask(
        `rabbit_networking:ensure_ssl(), rabbit_networking:start_ssl_listener({"127.0.0.1", ${port}}, ${options}, 1)`,
      );
      return port;
    });
  }

  /** The port of its management API, which is started when somebody asks for it: half a second of CPU. */
  async managementPort(): Promise<number> {
    return Number(await this.ask(MANAGEMENT.replaceAll('PORT', String(await freePort()))));
  }

  /**
   * What the server itself makes of an Erlang expression (no dot at its end), as Erlang writes it:
   * `ask('rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []})')`.
   */
  async ask(expression: string): Promise<string> {
    const answer = await talk(this.place.door, `${expression.replace(/\s+/g, ' ')}.\n`);
    if (!answer.startsWith('{ok,')) throw new Error(`RabbitMQ made ${answer} of ${expression}`);
    return answer.slice(4, -1);
  }

  /**
   * Holds this process up until the server makes `wanted` of it, or for 20 seconds: what it made of it last.
   */
  holdUntil(expression: string, wanted: string): string {
    const ask = `const { connect } = require('node:net');
      const end = Date.now() + 20000;
      const socket = connect(${this.place.door}, '127.0.0.1', () => socket.write(${JSON.stringify(`${expression}.\n`)}));
      socket.setEncoding('utf8').on('data', (line) => {
        const made = line.trim().slice(4, -1);
        if (made !== ${JSON.stringify(wanted)} && Date.now() < end) return void setTimeout(() => socket.write(${JSON.stringify(`${expression}.\n`)}), 20);
        process.stdout.write(made);
        socket.end();
      });`;
    return execFileSync(process.execPath, ['-e', ask], { encoding: 'utf8' });
  }
}

const MANAGEMENT = `
  global:trans({management, self()}, fun() ->
    application:load(rabbitmq_management), application:load(rabbitmq_management_agent),
    case application:get_env(rabbitmq_management, tcp_config) of
      {ok, [{port, P} | _]} -> P;
      _ ->
        application:set_env(rabbitmq_management, tcp_config, [{port, PORT}, {ip, "127.0.0.1"}]),
        application:set_env(rabbit, collect_statistics_interval, 500),
        Often = [{global, [{60, 1}]}, {basic, [{60, 1}]}, {detailed, [{10, 1}]}],
        application:set_env(rabbitmq_management_agent, sample_retention_policies, Often),
        ok = file:write_file("plugins", "[rabbitmq_management]."),
        {ok, _, _} = rabbit_plugins:ensure(filename:absname("plugins")),
        PORT
    end
  end)`;

/** A server of one test, to end and to start again. What is durable outlives it. */
export class RabbitServer extends Rabbit {
  readonly folder: string;
  readonly #options: RabbitOptions;
  readonly #process = new OwnProcess();

  constructor(port: number, options: RabbitOptions) {
    super({ port, door: 0 });
    this.#options = options;
    this.folder = mkdtempSync(join(tmpdir(), `umbel-rabbitmq-${markOfRun()}-`));
  }

  /** Of the running server. */
  get pid(): number {
    return this.#process.pid;
  }

  async start(): Promise<void> {
    const { child, place } = await launch(this.folder, this.port, this.#options, false);
    this.#process.own(child);
    this.place = place;
  }

  /** As an operator would: it says goodbye to its clients. */
  stop(): Promise<void> {
    return this.#process.end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#process.end('SIGKILL');
  }

  /** It stands still with its connections open, until `resume`. */
  pause(): void {
    this.#process.pause();
  }

  resume(): void {
    this.#process.resume();
  }

  async close(): Promise<void> {
    await this.kill();
    await removeFolder(this.folder);
  }
}

/** A running server of one test. */
export function rabbitServer(options: RabbitOptions = {}): Promise<RabbitServer> {
  return startOnFreePort((port) => new RabbitServer(port, options));
}

/** The one that all test files of a run share. Nobody ends it, closes connections of others or raises alarms on it. */
export async function sharedRabbit(): Promise<Rabbit> {
  const place = await oncePerRun('rabbitmq', (folder) =>
    onFreePort(async (port) => {
      const { child, place } = await launch(folder, port, {}, true);
      child.unref();
      return place;
    }),
  );
  return new Rabbit(place);
}

/** @param detached it outlives the file that starts it, and carries the run's mark in its environment */
async function launch(
  folder: string,
  port: number,
  options: RabbitOptions,
  detached: boolean,
): Promise<{ child: ChildProcess; place: Place }> {
  const at = (name: string) => join(folder, name);
  rmSync(at('door'), { force: true });
  const { member } = options;
  const name = member ? ['-name', `umbel@${member.address}`] : ['-sname', 'umbel@localhost'];
  const listensAt = `{${(member?.address ?? '127.0.0.1').replaceAll('.', ',')}}`;
  // Terms of Erlang: what is in the newer syntax costs a second to read.
  writeFileSync(at('rabbitmq.config'), `[${configuration(port, options)}].`);
  writeFileSync(at('plugins'), '[].');
  const log = openSync(at('output'), 'a');
  const child = spawn(
    PROGRAM,
    [
      ...[...name, '-setcookie', 'umbel', '-kernel', 'inet_dist_use_interface', listensAt],
      // Named before it starts, and with one port known to all, it asks no epmd.
      ...['-start_epmd', 'false', '-erl_epmd_port', String(member?.port ?? (await freePort()))],
      ...['-eval', DOOR, '+S', '2:2', '+SDcpu', '1:1', '+SDio', '2'],
    ],
    {
      cwd: folder,
      stdio: ['ignore', log, log],
      detached,
      env: {
        ...process.env,
        // The script becomes the server itself and does not wait for it.
        detached: 'true',
        HOME: folder,
        ERL_CRASH_DUMP: '/dev/null',
        RABBITMQ_NODENAME: name[1],
        RABBITMQ_USE_LONGNAME: String(member !== undefined),
        RABBITMQ_CONFIG_FILE: at('rabbitmq.config'),
        RABBITMQ_ADVANCED_CONFIG_FILE: at('none'),
        RABBITMQ_CONF_ENV_FILE: at('none'),
        RABBITMQ_ENABLED_PLUGINS_FILE: at('plugins'),
        RABBITMQ_MNESIA_BASE: at('mnesia'),
        RABBITMQ_LOG_BASE: at('log'),
        RABBITMQ_PID_FILE: at('pid'),
        RABBITMQ_SERVER_ERL_ARGS: '+sbwt none +sbwtdcpu none +sbwtdio none',
      },
    },
  );
  closeSync(log);
  // -eval runs when the server is up.
  const door = await whenUp(child, () => Number(textOf(at('door'))), {
    what: `RabbitMQ on port ${port}`,
    said: () => textOf(at('output')),
  });
  return { child, place: { port, door } };
}

function configuration(port: number, { consumerTimeoutMs, terms = [] }: RabbitOptions): string {
  const rabbit = [
    `{tcp_listeners, [{"127.0.0.1", ${port}}]}`,
    ...(consumerTimeoutMs === undefined
      ? []
      : [`{consumer_timeout, ${consumerTimeoutMs}}, {channel_tick_interval, ${consumerTimeoutMs}}`]),
    // The machine's disk and memory are not what is tested.
    '{disk_free_limit, 1000000}, {vm_memory_high_watermark, 0.9}',
    '{log, [{console, [{enabled, false}]}, {file, [{level, warning}]}]}',
    ...terms,
  ];
  return `{rabbit, [${rabbit.join(', ')}]}`;
}

/** Erlang that takes expressions, a line each, at a port it writes into the file `door`, and answers each with a line. */
const DOOR = `
  Answer = fun Answer(S) ->
    case gen_tcp:recv(S, 0) of
      {ok, Line} ->
        Value = try
          {ok, Tokens, _} = erl_scan:string(Line),
          {ok, Expressions} = erl_parse:parse_exprs(Tokens),
          {value, Made, _} = erl_eval:exprs(Expressions, []),
          {ok, Made}
        catch Class:Reason -> {Class, Reason} end,
        gen_tcp:send(S, io_lib:format("~0p~n", [Value])),
        Answer(S);
      _ -> gen_tcp:close(S)
    end
  end,
  Serve = fun Serve(L) ->
    {ok, S} = gen_tcp:accept(L),
    P = spawn(fun() -> receive go -> Answer(S) end end),
    ok = gen_tcp:controlling_process(S, P),
    P ! go,
    Serve(L)
  end,
  spawn(fun() ->
    {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}}, {packet, line}, {active, false}, {buffer, 65536}]),
    {ok, Port} = inet:port(L),
    ok = file:write_file("door.new", integer_to_list(Port)),
    ok = file:rename("door.new", "door"),
    Serve(L)
  end).`.replace(/\s+/g, ' ');

/** A line there, a line back. */
function talk(port: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let answer = '';
    socket.once('connect', () => socket.write(line));
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
      if (answer.endsWith('\n')) socket.end();
    });
    socket.once('error', reject);
    socket.once('close', () =>
      answer.endsWith('\n') ? resolve(answer.trim()) : reject(new Error('RabbitMQ went away')),
    );
  });
}

/** A text as Erlang's binary of UTF-8. */
function binary(text: string): string {
  return `<<${[...Buffer.from(text)].join(',')}>>`;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
