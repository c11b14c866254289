// SPDX-License-Identifier: GPL-3.0-or-later
// How oidc-provider is set up: one public client, and the pages of `pages.mjs`.

import { randomBytes } from 'node:crypto';
import * as pages from './pages.mjs';
import { Storage } from './storage.mjs';

export const CLIENT = 'usher';
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const COOKIE_KEY = randomBytes(32).toString('base64url');

// Whoever signs in is known by the name, which is the password as well.
export const USERS = ['demo', 'demo2'];

async function findAccount(_ctx, name) {
  const claims = { sub: name, name: `Person ${name}`, preferred_username: name, email: `${name}@example.org` };
  return { accountId: name, claims: async () => claims };
}

function problemOf(error) {
  if (!error) return undefined;
  if (error.userCode || error.name === 'NoCodeError') return 'This code is not right.';
  return error.name === 'AbortedError' ? 'The device was not connected.' : 'That did not work.';
}

function configuration(settings, jwks) {
  const offline = settings.offline_access;
  // What begins by one clock ends by the other.
  const slack = Math.abs(settings.clock_offset);
  const grants = ['authorization_code'];
  if (offline) grants.push('refresh_token');
  if (settings.device) grants.push(DEVICE_GRANT);
  return {
    adapter: Storage,
    jwks,
    findAccount,
    clients: [{
      client_id: CLIENT,
      client_name: 'Usher',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/io.github.usher/callback'],
      response_types: ['code'],
      grant_types: grants,
    }],
    clientAuthMethods: ['none'],
    responseTypes: ['code'],
    scopes: offline ? ['openid', 'offline_access'] : ['openid'],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
    cookies: { keys: [COOKIE_KEY] },
    pkce: { required: () => true },
    rotateRefreshToken: settings.rotation,
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    ttl: {
      AccessToken: settings.access_token_seconds,
      AuthorizationCode: 60 + slack,
      DeviceCode: settings.device_code_seconds,
      Grant: 30 * 24 * 60 * 60,
      IdToken: 60 * 60,
      Interaction: 60 * 60 + slack,
      RefreshToken: settings.refresh_token_seconds,
      Session: 24 * 60 * 60 + slack,
    },
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.body = pages.message('That Did Not Work', [out.error, out.error_description].filter(Boolean).join(': '));
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      revocation: { enabled: settings.revocation },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: 'apps',
          audience: resource,
          accessTokenTTL: settings.access_token_seconds,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
      deviceFlow: {
        enabled: settings.device,
        userCodeInputSource: (ctx, form, _out, error) => { ctx.body = pages.typeCode(form, problemOf(error)); },
        userCodeConfirmSource: (ctx, form, client, _info, code) => {
          ctx.body = pages.confirmCode(form, client.clientName, code);
        },
        successSource: (ctx) => { ctx.body = pages.message('Connected', 'Go back to the device.'); },
      },
    },
  };
}

export function makeProvider(Provider, issuer, settings, jwks) {
  return new Provider(issuer, configuration(settings, jwks));
}

// Answers a request below `/interaction/`.
export async function interact(provider, request, response, fields) {
  const details = await provider.interactionDetails(request, response);
  const path = `/interaction/${details.uid}`;
  const { prompt, params, session } = details;
  const action = request.url.slice(path.length + 1);
  const show = (text) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(text);
  if (action === 'cancel') {
    const result = { error: 'access_denied', error_description: 'cancelled by the person' };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  } else if (prompt.name === 'login' && action === 'login') {
    const { user, password } = fields;
    if (!USERS.includes(user) || password !== user) {
      show(pages.login(path, 'User name or password is wrong.', user));
      return;
    }
    await provider.interactionFinished(request, response, { login: { accountId: user } }, { mergeWithLastSubmission: false });
  } else if (prompt.name === 'login') {
    show(pages.login(path));
  } else if (action === 'allow') {
    const grantId = await allow(provider, details);
    await provider.interactionFinished(request, response, { consent: { grantId } }, { mergeWithLastSubmission: true });
  } else {
    const client = await provider.Client.find(params.client_id);
    const scopes = (params.scope ?? '').split(' ');
    show(pages.consent(path, { client: client.clientName, user: session.accountId, scopes, resource: params.resource }));
  }
}

// Gives the client everything that is still missing.
async function allow(provider, { prompt, params, session, grantId }) {
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  return grant.save();
}
