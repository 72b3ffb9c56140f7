// Options that say who may reach it, and who may do what.

import { OPERATION_ACTIONS } from '../../../shared/wire/operations.ts';
import { asGiven, list, orNull, text, yesOrNo } from '../../app/option-values.ts';
import { readRules } from '../access/rules.ts';
import { origin } from '../option-values.ts';
import type { OptionRow } from './row.ts';

export const ACCESS_OPTIONS: readonly OptionRow[] = [
  {
    name: 'basic_auth',
    kind: 'texts',
    default: null,
    word: 'user:password',
    meaning: 'user:password; once for each user',
    read: asGiven,
    source: 'Flower',
  },
  {
    name: 'basic_auth_file',
    kind: 'text',
    default: null,
    word: 'path',
    meaning: 'File with one user:password a line',
    read: orNull(text),
    source: 'Umbel',
  },
  {
    name: 'access_rules',
    kind: 'text',
    default: null,
    word: 'path',
    meaning: 'Who gets in, and as what: a JSON file with a list of rules. Without it everybody who gets in is an admin',
    read: (value, name) => readRules(value, name, OPERATION_ACTIONS),
    source: 'Umbel',
  },
  {
    name: 'read_only',
    kind: 'switch',
    default: false,
    meaning: 'Refuse everything that changes something',
    read: yesOrNo,
    source: 'Flower',
  },
  {
    name: 'trusted_origins',
    kind: 'list',
    default: [],
    meaning: 'Addresses of the pages besides its own, for a proxy that changes Host: https://dash.example.com',
    read: (value, name) => list(value, name).map((one) => origin(one, name)),
    source: 'Umbel',
  },
  {
    name: 'trust_server',
    kind: 'switch',
    default: false,
    meaning: 'As a plugin: the server around it authenticates, so answer other machines without basic_auth',
    read: yesOrNo,
    source: 'Umbel',
  },
  {
    name: 'allowed_hosts',
    kind: 'list',
    default: [],
    meaning: 'Host names accepted besides localhost while there is no authentication',
    read: (value, name) => list(value, name).map((host) => host.toLowerCase()),
    source: 'Umbel',
  },
];
