// SPDX-License-Identifier: GPL-3.0-or-later
// The pages of the server: sign in, allow, type a code. They need no script.

import { readFileSync } from 'node:fs';

const STYLE = readFileSync(new URL('../src/style.css', import.meta.url), 'utf8');
const NAME = 'Demo Sign-In';

// What a scope means, in words for a person.
const SCOPES = {
  profile: 'Your name',
  email: 'Your email address',
  offline_access: 'Stay signed in',
  apps: 'Install and buy apps',
};

export function escape(text) {
  const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return String(text).replace(/[&<>"']/g, (character) => entities[character]);
}

function page(title, body) {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escape(title)} — ${NAME}</title>
<style>
${STYLE}</style>
</head>
<body>
<header><a href="/"><span class="mark" aria-hidden="true"></span>${NAME}</a></header>
<main>
<section class="card">
<h1>${escape(title)}</h1>
${body}
</section>
</main>
<footer>A demonstration on this computer.</footer>
</body>
</html>
`;
}

export function message(title, text) {
  return page(title, `<p>${escape(text)}</p>`);
}

export function login(path, problem, user) {
  return page('Sign In', `${problem ? `<p class="problem" role="alert">${escape(problem)}</p>` : ''}
<form method="post" action="${escape(path)}/login">
<label for="user">User name</label>
<input id="user" name="user" autocomplete="username" value="${escape(user ?? '')}" required>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<div class="actions">
<button type="submit">Sign In</button>
</div>
</form>
<form method="post" action="${escape(path)}/cancel">
<div class="actions">
<button type="submit" class="button">Cancel</button>
</div>
</form>`);
}

export function consent(path, { client, user, scopes, resource }) {
  const wishes = scopes.filter((scope) => scope in SCOPES).map((scope) => `<li>${escape(SCOPES[scope])}</li>`);
  return page(`Allow ${client}?`, `<p>For the account ${escape(user)}${resource ? ` at ${escape(resource)}` : ''}:</p>
<ul>${wishes.join('')}</ul>
<form method="post" action="${escape(path)}/allow">
<div class="actions">
<button type="submit">Allow</button>
</div>
</form>
<form method="post" action="${escape(path)}/cancel">
<div class="actions">
<button type="submit" class="button">Cancel</button>
</div>
</form>`);
}

// The field and the hidden values of such a form come from oidc-provider.
export function typeCode(form, problem) {
  const labelled = form.replace('<input\n', '<label for="code">Code</label>\n<input id="code"\n');
  return page('Connect a Device', `${problem ? `<p class="problem" role="alert">${escape(problem)}</p>` : ''}
<p>Type the code that the device shows.</p>
${labelled}
<div class="actions">
<button type="submit" form="op.deviceInputForm">Continue</button>
</div>`);
}

export function confirmCode(form, client, code) {
  return page('Connect This Device?', `<p>${escape(client)} asks on a device that shows this code:</p>
<p class="price">${escape(code)}</p>
${form}
<div class="actions">
<button type="submit" form="op.deviceConfirmForm">Continue</button>
<button type="submit" class="button" form="op.deviceConfirmForm" name="abort" value="yes">Cancel</button>
</div>`);
}
