// Options that say who may reach it, and who may do what.

import { RULED_ACTIONS } from '../../../shared/wire/operation-categories.ts';
import { asGiven, list, orNull, text, yesOrNo } from '../../app/option-values.ts';
import { readRules } from '../access/rules.ts';
import { duration, headerName, origin, secret } from '../option-values.ts';
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
    name: 'cookie_secret',
    kind: 'text',
    default: null,
    word: 'text',
    meaning:
      'What session cookies are signed with; a random key that is kept in user_data without it. Another one ends every session',
    read: orNull(secret),
    source: 'Flower',
  },
  {
    name: 'session_idle',
    kind: 'number',
    default: 8 * 3600,
    unit: 'seconds',
    meaning: 'A session ends after so long without a request',
    read: duration,
    source: 'Umbel',
  },
  {
    name: 'session_max',
    kind: 'number',
    default: 7 * 86_400,
    unit: 'seconds',
    meaning: 'And after so long in all',
    read: duration,
    source: 'Umbel',
  },
  {
    name: 'proxy_user_header',
    kind: 'text',
    default: null,
    word: 'header',
    meaning: 'Header by which one of the trusted_proxies says who somebody is: X-Forwarded-User, Remote-User',
    read: orNull(headerName),
    source: 'Umbel',
  },
  {
    name: 'proxy_groups_header',
    kind: 'text',
    default: null,
    word: 'header',
    meaning: 'And the one with their groups, with commas between them, for group: in rules',
    read: orNull(headerName),
    source: 'Umbel',
  },
  {
    name: 'access_rules',
    kind: 'text',
    default: null,
    word: 'path',
    meaning: 'Who gets in, and as what: a JSON file with a list of rules. Without it everybody who gets in is an admin',
    read: (value, name) => readRules(value, name, RULED_ACTIONS),
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
