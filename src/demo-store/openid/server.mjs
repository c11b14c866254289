// SPDX-License-Identifier: GPL-3.0-or-later
// An OpenID server on loopback, for tests: oidc-provider with switches.
//
//     node server.mjs FOLDER HOST      FOLDER holds node_modules/oidc-provider, HOST is 127.0.0.1 or ::1
//
// Prints one line of JSON with its addresses when it is ready. Then each line of JSON on standard input is a command, and is
// answered by one line. Ends when standard input ends, and so with the program that started it.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { CLIENT, interact, makeProvider } from './provider.mjs';
import { countGrants, endEverything } from './storage.mjs';

// oidc-provider talks on standard output, where the answers go.
console.info = console.error;
const { Provider } = await import(pathToFileURL(join(process.argv[2], 'node_modules/oidc-provider/lib/index.js')));

const settings = {
  access_token_seconds: 600,
  refresh_token_seconds: 14 * 24 * 60 * 60,
  device_code_seconds: 600,
  // Whether a client may stay signed in.
  offline_access: true,
  device: true,
  revocation: true,
  rotation: true,
  // What the metadata and the redirect say instead of the issuer.
  claimed_issuer: null,
  redirect_issuer: null,
  // Whether the endpoints for programs are at the second address, which is at another host.
  endpoints_elsewhere: false,
  // Whether there is metadata under RFC 8414's path alone.
  only_oauth_metadata: false,
  // How far the server's clock is ahead.
  clock_offset: 0,
  // `refused`, `blank` or `password` instead of the sign-in page.
  sign_in_page: null,
  // Whether every connection is closed without an answer.
  down: false,
  // By route: `status`, `body`, `hang`, and how many `times`.
  failures: {},
};
const ROUTES = {
  '/.well-known/openid-configuration': 'metadata',
  '/.well-known/oauth-authorization-server': 'metadata',
  '/auth': 'authorization',
  '/token': 'token',
  '/token/revocation': 'revocation',
  '/device/auth': 'device_authorization',
  '/device': 'code_page',
  '/jwks': 'keys',
  '/me': 'userinfo',
};
// Those that programs call.
const FOR_PROGRAMS = ['token', 'revocation', 'device_authorization', 'keys', 'userinfo'];
const requests = [];
const secrets = new Set();
const realNow = Date.now;
Date.now = () => realNow() + settings.clock_offset * 1000;

const first = createServer((request, response) => answer(request, response));
const second = createServer((request, response) => answer(request, response));
const [own, other] = process.argv[3] === '::1' ? ['::1', '127.0.0.1'] : ['127.0.0.1', '::1'];
const issuer = await listen(first, own);
const elsewhere = await listen(second, other);
let jwks = { keys: [makeKey()] };
let provider;
apply({});
reply({ issuer, elsewhere, client: CLIENT });
createInterface({ input: process.stdin }).on('line', (line) => reply(command(JSON.parse(line)))).on('close', () => process.exit());

function listen(server, host) {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    const written = host.includes(':') ? `[${host}]` : host;
    server.listen(0, host, () => resolve(`http://${written}:${server.address().port}`));
  });
}

function makeKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: randomUUID() };
}

function apply(changes) {
  for (const name of Object.keys(changes)) {
    if (!(name in settings)) throw new Error(`there is no setting ${name}`);
  }
  Object.assign(settings, changes);
  provider = makeProvider(Provider, issuer, settings, jwks);
  provider.on('server_error', (_ctx, error) => console.error(error));
}

function reply(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function command({ command: name, settings: changes }) {
  switch (name) {
    case 'set':
      apply(changes);
      return {};
    case 'rotate-keys':
      jwks = { keys: [makeKey()] };
      apply({});
      return {};
    case 'end-everything':
      endEverything();
      return {};
    case 'state':
      return { requests, grants: countGrants(), secrets: [...secrets] };
    default:
      throw new Error(`there is no command ${name}`);
  }
}

async function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, issuer);
  const route = ROUTES[pathname] ?? (pathname.startsWith('/interaction/') ? 'sign_in_page' : 'page');
  const entry = { route, method: request.method, grant: null, status: null, microseconds: null };
  const began = performance.now();
  requests.push(entry);
  response.on('finish', () => {
    entry.status = response.statusCode;
    entry.microseconds = Math.round((performance.now() - began) * 1000);
  });
  keep(searchParams, ['state', 'nonce']);
  let fields = {};
  if (FOR_PROGRAMS.includes(route) || (route === 'sign_in_page' && request.method === 'POST')) {
    fields = Object.fromEntries(new URLSearchParams(await text(request)));
    request.body = fields;
    entry.grant = fields.grant_type ?? null;
  }
  try {
    if (fail(route, response)) return;
    if (route === 'metadata' && settings.only_oauth_metadata !== pathname.endsWith('server')) {
      response.writeHead(404).end();
      return;
    }
    if (route === 'metadata') {
      request.url = '/.well-known/openid-configuration';
      rewrite(response, metadata);
    } else if (FOR_PROGRAMS.includes(route)) {
      rewrite(response, (body) => keep(new Map(Object.entries(body)), ['access_token', 'refresh_token', 'id_token', 'device_code']) ?? body);
    }
    rewriteRedirect(response);
    if (route === 'sign_in_page' && settings.sign_in_page && request.method === 'GET') strangePage(response);
    else if (route === 'sign_in_page') await interact(provider, request, response, fields);
    else await provider.callback()(request, response);
  } catch (error) {
    console.error(error);
    if (!response.headersSent) response.writeHead(400, { 'content-type': 'text/plain' }).end('That did not work.');
  }
}

async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

// Remembers secrets, for tests that search for leaks.
function keep(values, names) {
  for (const name of names) {
    const value = values.get(name);
    if (value) secrets.add(value);
  }
}

// Whether the answer fails on purpose.
function fail(route, response) {
  if (settings.down) {
    response.socket.destroy();
    return true;
  }
  const failure = settings.failures[route];
  if (!failure || failure.times === 0) return false;
  if (failure.times) failure.times -= 1;
  if (failure.hang) return true;
  const body = typeof failure.body === 'string' ? failure.body : JSON.stringify(failure.body ?? {});
  const type = typeof failure.body === 'string' ? 'text/html' : 'application/json';
  response.writeHead(failure.status, { 'content-type': type }).end(body);
  return true;
}

// Changes the JSON of an answer before it is sent.
function rewrite(response, change) {
  const { end } = response;
  response.end = (chunk, ...rest) => {
    let body = chunk;
    try {
      body = JSON.stringify(change(JSON.parse(chunk)));
      response.setHeader('content-length', Buffer.byteLength(body));
    } catch {
      // Not JSON.
    }
    return end.call(response, body, ...rest);
  };
}

function metadata(found) {
  const changed = { ...found, issuer: settings.claimed_issuer ?? found.issuer };
  if (settings.endpoints_elsewhere) {
    for (const name of ['token_endpoint', 'revocation_endpoint', 'device_authorization_endpoint', 'jwks_uri', 'userinfo_endpoint']) {
      changed[name] &&= changed[name].replace(issuer, elsewhere);
    }
  }
  return changed;
}

// Keeps the code of a redirect to the client, and names another issuer there on purpose.
function rewriteRedirect(response) {
  const { setHeader } = response;
  response.setHeader = (name, value) => {
    let changed = value;
    if (name.toLowerCase() === 'location' && String(value).includes('/io.github.usher/callback')) {
      const redirect = new URL(value);
      keep(redirect.searchParams, ['code']);
      if (settings.redirect_issuer) redirect.searchParams.set('iss', settings.redirect_issuer);
      changed = redirect.href;
    }
    return setHeader.call(response, name, changed);
  };
}

// What pages do that do not like embedded views.
function strangePage(response) {
  switch (settings.sign_in_page) {
    case 'refused':
      response.writeHead(403, { 'content-type': 'text/html' }).end('<!DOCTYPE html><title>Error</title><h1>Access blocked</h1><p>Error 403: disallowed_useragent</p>');
      break;
    case 'password':
      response.writeHead(401, { 'content-type': 'text/plain', 'www-authenticate': 'Basic realm="Demo Sign-In"' }).end('A password is needed.');
      break;
    default:
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html><title></title>');
  }
}
