// The patterns of `name:/re/`: which are taken, and the one test both the page and the server use for them.
// Not here: where a pattern begins and ends in a query (lexer.ts).
// Holds: a test takes time in proportion to the text, whatever the pattern (JavaScript's own engine can take minutes for a
// thousand characters): an automaton whose states are made when first needed. It decides as JavaScript's /re/i would. Compiling and
// matching are counted in steps, and both end when their steps are spent.

const MAX_PATTERN = 200;
/** Counted repetitions are written out: x{50} is fifty x. */
const MAX_PROGRAM = 3000;
const MAX_COUNT = 200;
/** Nodes written out while compiling, the empty ones among them: ((){200}){200} writes nothing, forty thousand times. */
const MAX_WRITTEN = 20_000;
/** Then the automaton begins anew; it stays small for every pattern a person writes. */
const MAX_STATES = 400;
/** Characters that the states know their way for, together. */
const MAX_WAYS = 50_000;
/** For one text, when the caller has no budget of its own. */
const STEPS_OF_ONE = 20_000_000;

/** What a caller allows: a step is one place of the pattern looked at for a character, or sixteen characters whose ways are known. */
export interface Steps {
  left: number;
}

/** The steps are spent: whether the pattern matches was not found out. */
export class StepsSpent extends Error {
  constructor() {
    super(
      'The pattern needs too many steps for the texts it is tried on: make it simpler, or narrow the query by other conditions.',
    );
  }
}

type CharTest = ((code: number) => boolean) & { weight?: number };
type Assertion = '^' | '$' | 'b' | 'B';
type Instruction =
  | { readonly op: 'char'; readonly test: CharTest }
  | { readonly op: 'assert'; readonly kind: Assertion }
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'match' };
type Node =
  | { readonly kind: 'char'; readonly test: CharTest }
  | { readonly kind: 'assert'; readonly assertion: Assertion }
  | { readonly kind: 'sequence'; readonly items: readonly Node[] }
  | { readonly kind: 'either'; readonly items: readonly Node[] }
  | { readonly kind: 'repeat'; readonly item: Node; readonly min: number; readonly max: number };

class Refused extends Error {}

/** Why a pattern cannot be used; null when it can. */
export function checkRegex(source: string): string | null {
  try {
    compileProgram(source);
    return null;
  } catch (error) {
    if (error instanceof Refused || error instanceof SyntaxError) return error.message;
    throw error;
  }
}

/**
 * The test of a pattern: letter case is ignored unless said otherwise, a match anywhere counts.
 * @returns a function of the text and, so that many texts share a budget, the steps it may take. @throws StepsSpent by that function
 */
export function compileRegex(source: string, { ignoreCase = true } = {}): (value: string, steps?: Steps) => boolean {
  try {
    const automaton = new Automaton(compileProgram(source, ignoreCase));
    return (value, steps = { left: STEPS_OF_ONE }) => automaton.test(value, steps);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new SyntaxError(`The pattern /${source}/ cannot be used: ${error.message}`);
  }
}

function compileProgram(source: string, ignoreCase = true): Instruction[] {
  if (source.length > MAX_PATTERN) {
    throw new Refused(`it has ${source.length} characters, at most ${MAX_PATTERN} are taken.`);
  }
  try {
    new RegExp(source, 'i');
  } catch (error) {
    const { message } = error as Error;
    throw new Refused(`${message.slice(message.lastIndexOf(': ') + 2)}.`);
  }
  const program: Instruction[] = [];
  emit(new PatternReader(source, ignoreCase).read(), program, { left: MAX_WRITTEN });
  push(program, { op: 'match' });
  return program;
}

// --- reading -------------------------------------------------------------------------------------------------------

/** Reads a pattern that `RegExp` has taken, so that only meaning is left to find out. */
class PatternReader {
  readonly #source: string;
  readonly #ignoreCase: boolean;
  #at = 0;

  constructor(source: string, ignoreCase: boolean) {
    this.#source = source;
    this.#ignoreCase = ignoreCase;
  }

  read(): Node {
    const items = [this.#sequence()];
    while (this.#source[this.#at] === '|') {
      this.#at++;
      items.push(this.#sequence());
    }
    return items.length === 1 ? (items[0] as Node) : { kind: 'either', items };
  }

  #sequence(): Node {
    const items: Node[] = [];
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at] as string)) {
      items.push(this.#repeated(this.#atom()));
    }
    return { kind: 'sequence', items };
  }

  #repeated(item: Node): Node {
    const match = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/.exec(this.#source.slice(this.#at));
    if (match === null) return item;
    this.#at += match[0].length;
    if (match[1] !== undefined) {
      return {
        kind: 'repeat',
        item,
        min: match[1] === '+' ? 1 : 0,
        max: match[1] === '?' ? 1 : Number.POSITIVE_INFINITY,
      };
    }
    const min = Number(match[2]);
    const max = match[3] === undefined ? min : match[4] === '' ? Number.POSITIVE_INFINITY : Number(match[4]);
    if (min > MAX_COUNT || (max > MAX_COUNT && max !== Number.POSITIVE_INFINITY)) {
      throw new Refused(`${match[0]} repeats more than ${MAX_COUNT} times.`);
    }
    return { kind: 'repeat', item, min, max };
  }

  #atom(): Node {
    const char = this.#source[this.#at++] as string;
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return { kind: 'char', test: this.#characterClass() };
      case '.':
        return { kind: 'char', test: (code) => !LINE_ENDS.has(code) };
      case '^':
      case '$':
        return { kind: 'assert', assertion: char };
      case '\\': {
        const escaped = this.#source[this.#at] as string;
        if (escaped === 'b' || escaped === 'B') {
          this.#at++;
          return { kind: 'assert', assertion: escaped };
        }
        if (/[1-9]/.test(escaped) || this.#source.startsWith('k<', this.#at)) {
          throw new Refused('it refers back to an earlier group.');
        }
        const read = this.#escape();
        return { kind: 'char', test: typeof read === 'number' ? this.#letter(read) : read };
      }
      default:
        return { kind: 'char', test: this.#letter(char.charCodeAt(0)) };
    }
  }

  #letter(wanted: number): CharTest {
    return this.#ignoreCase ? sameLetter(wanted) : (code) => code === wanted;
  }

  #group(): Node {
    const opening = /^\?(?::|<[A-Za-z_$][\w$]*>)/.exec(this.#source.slice(this.#at));
    if (opening !== null) this.#at += opening[0].length;
    else if (this.#source[this.#at] === '?') throw new Refused('it looks ahead or behind.');
    const inner = this.read();
    this.#at++;
    return inner;
  }

  #characterClass(): CharTest {
    const negated = this.#source[this.#at] === '^';
    if (negated) this.#at++;
    const tests: CharTest[] = [];
    while (this.#source[this.#at] !== ']') {
      const from = this.#classMember();
      if (this.#source[this.#at] === '-' && this.#source[this.#at + 1] !== ']' && typeof from === 'number') {
        const dash = this.#at++;
        const to = this.#classMember();
        if (typeof to === 'number') {
          tests.push((code) => code >= from && code <= to);
          continue;
        }
        // [a-\d]: three members.
        tests.push((code) => code === this.#source.charCodeAt(dash), to);
      }
      tests.push(typeof from === 'number' ? (code) => code === from : from);
    }
    this.#at++;
    const inClass = (code: number): boolean => tests.some((test) => test(code));
    const test: CharTest = this.#ignoreCase
      ? (code) => variants(code).some(inClass) !== negated
      : (code) => inClass(code) !== negated;
    test.weight = tests.length;
    return test;
  }

  #classMember(): number | CharTest {
    const char = this.#source[this.#at++] as string;
    if (char !== '\\') return char.charCodeAt(0);
    if (this.#source[this.#at] === 'b') {
      this.#at++;
      return 8;
    }
    return this.#escape();
  }

  /** What stands behind a backslash: one character, or a kind of them. */
  #escape(): number | CharTest {
    const char = this.#source[this.#at++] as string;
    const kind = KINDS[char];
    if (kind !== undefined) return kind;
    const control = CONTROLS[char];
    if (control !== undefined) return control;
    const hex = /^(?:x([\da-f]{2})|u([\da-f]{4}))/i.exec(this.#source.slice(this.#at - 1));
    if (hex !== null) {
      this.#at += hex[0].length - 1;
      return Number.parseInt((hex[1] ?? hex[2]) as string, 16);
    }
    if (char === 'c' || /\d/.test(char)) throw new Refused(`\\${char} is not read here; write \\xHH.`);
    return char.charCodeAt(0);
  }
}

const LINE_ENDS = new Set([10, 13, 0x2028, 0x2029]);
const isWord: CharTest = (code) =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
const isDigit: CharTest = (code) => code >= 48 && code <= 57;
const isSpace: CharTest = (code) => /\s/.test(String.fromCharCode(code));
const KINDS: Readonly<Record<string, CharTest>> = {
  d: isDigit,
  D: (code) => !isDigit(code),
  w: isWord,
  W: (code) => !isWord(code),
  s: isSpace,
  S: (code) => !isSpace(code),
};
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 };

function sameLetter(wanted: number): CharTest {
  const folded = upper(wanted);
  return (code) => upper(code) === folded;
}

/** ECMA-262, Canonicalize without `u`: upper case, where that is one character and does not turn into ASCII. */
function upper(code: number): number {
  const text = String.fromCharCode(code).toUpperCase();
  if (text.length !== 1) return code;
  const raised = text.charCodeAt(0);
  return code >= 128 && raised < 128 ? code : raised;
}

/** The characters that are the same but for their case. */
function variants(code: number): number[] {
  const found = [code];
  const raised = upper(code);
  if (raised !== code) found.push(raised);
  const lowered = String.fromCharCode(raised).toLowerCase();
  if (lowered.length === 1 && upper(lowered.charCodeAt(0)) === raised) found.push(lowered.charCodeAt(0));
  return found;
}

// --- writing out ---------------------------------------------------------------------------------------------------

function push(program: Instruction[], instruction: Instruction): void {
  if (program.length >= MAX_PROGRAM) throw new Refused('its repetitions make it too large.');
  program.push(instruction);
}

function emit(node: Node, program: Instruction[], steps: Steps): void {
  if (--steps.left < 0) throw new Refused('its repetitions make it too large.');
  switch (node.kind) {
    case 'char':
      push(program, { op: 'char', test: node.test });
      return;
    case 'assert':
      push(program, { op: 'assert', kind: node.assertion });
      return;
    case 'sequence':
      for (const item of node.items) emit(item, program, steps);
      return;
    case 'either': {
      const ends: { op: 'jump'; to: number }[] = [];
      node.items.forEach((item, index) => {
        if (index === node.items.length - 1) emit(item, program, steps);
        else {
          const split = { op: 'split' as const, first: program.length + 1, second: 0 };
          push(program, split);
          emit(item, program, steps);
          const end = { op: 'jump' as const, to: 0 };
          push(program, end);
          ends.push(end);
          split.second = program.length;
        }
      });
      for (const end of ends) end.to = program.length;
      return;
    }
    case 'repeat': {
      for (let i = 0; i < node.min; i++) emit(node.item, program, steps);
      if (node.max === Number.POSITIVE_INFINITY) {
        const at = program.length;
        const split = { op: 'split' as const, first: at + 1, second: 0 };
        push(program, split);
        emit(node.item, program, steps);
        push(program, { op: 'jump', to: at });
        split.second = program.length;
        return;
      }
      const splits: { op: 'split'; first: number; second: number }[] = [];
      for (let i = node.min; i < node.max; i++) {
        const split = { op: 'split' as const, first: program.length + 1, second: 0 };
        push(program, split);
        splits.push(split);
        emit(node.item, program, steps);
      }
      for (const split of splits) split.second = program.length;
    }
  }
}

// --- running -------------------------------------------------------------------------------------------------------

/** What stands on one side of a place in the text. */
type Side = 'edge' | 'word' | 'other';

interface State {
  /** Where in the program it may be, before what needs no character is walked through. */
  readonly places: readonly number[];
  readonly before: Side;
  readonly next: Map<number, State | null>;
  atEnd: boolean | undefined;
}

class Automaton {
  readonly #program: readonly Instruction[];
  #states = new Map<string, State>();
  #ways = 0;
  #start: State;

  constructor(program: readonly Instruction[]) {
    this.#program = program;
    this.#start = this.#state([0], 'edge');
  }

  test(value: string, steps: Steps): boolean {
    let state = this.#start;
    // A character whose way is known costs next to nothing.
    steps.left -= value.length >> 4;
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at);
      let next = state.next.get(code);
      if (next === undefined) {
        if (steps.left < 0) throw new StepsSpent();
        next = this.#step(state, code, steps);
        if (++this.#ways > MAX_WAYS) this.#forget();
        state.next.set(code, next);
      }
      // Null: matched before this character.
      if (next === null) return true;
      state = next;
    }
    if (steps.left < 0) throw new StepsSpent();
    state.atEnd ??= this.#reach(state, 'edge', steps) === null;
    return state.atEnd;
  }

  #step(state: State, code: number, steps: Steps): State | null {
    const side: Side = isWord(code) ? 'word' : 'other';
    const reached = this.#reach(state, side, steps);
    if (reached === null) return null;
    // A match may begin at every character.
    const places = new Set([0]);
    for (const place of reached) {
      const instruction = this.#program[place] as Instruction;
      if (instruction.op !== 'char') continue;
      steps.left -= instruction.test.weight ?? 1;
      if (instruction.test(code)) places.add(place + 1);
    }
    // Its places are sorted and written as a key.
    steps.left -= 4 * places.size;
    return this.#state(
      [...places].sort((a, b) => a - b),
      side,
    );
  }

  /** The instructions that wait for a character; null when the end of the pattern is among what can be reached. */
  #reach(state: State, after: Side, steps: Steps): number[] | null {
    const { before } = state;
    const seen = new Set<number>();
    const waiting: number[] = [];
    const todo = [...state.places];
    for (let place = todo.pop(); place !== undefined; place = todo.pop()) {
      steps.left--;
      if (seen.has(place)) continue;
      seen.add(place);
      const instruction = this.#program[place] as Instruction;
      if (instruction.op === 'match') return null;
      if (instruction.op === 'char') waiting.push(place);
      else if (instruction.op === 'jump') todo.push(instruction.to);
      else if (instruction.op === 'split') todo.push(instruction.first, instruction.second);
      else if (holds(instruction.kind, before, after)) todo.push(place + 1);
    }
    return waiting;
  }

  #state(places: readonly number[], before: Side): State {
    const key = `${before}${places.join(',')}`;
    let state = this.#states.get(key);
    if (state === undefined) {
      if (this.#states.size >= MAX_STATES) this.#forget();
      state = { places, before, next: new Map(), atEnd: undefined };
      this.#states.set(key, state);
    }
    return state;
  }

  #forget(): void {
    this.#states = new Map();
    this.#ways = 0;
    this.#start = { places: [0], before: 'edge', next: new Map(), atEnd: undefined };
  }
}

function holds(kind: Assertion, before: Side, after: Side): boolean {
  if (kind === '^') return before === 'edge';
  if (kind === '$') return after === 'edge';
  return ((before === 'word') !== (after === 'word')) === (kind === 'b');
}
