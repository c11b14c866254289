// SPDX-License-Identifier: GPL-3.0-or-later
// What the server keeps, in memory. It stays when keys or settings change.

const records = new Map();

// The models that end with their grant.
const OF_A_GRANT = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode']);

function find(fits) {
  const now = Date.now();
  for (const record of records.values()) {
    if (record.ends > now && fits(record)) return record.payload;
  }
  return undefined;
}

// The adapter that oidc-provider asks for: one instance for each model.
export class Storage {
  constructor(model) {
    this.model = model;
  }

  async upsert(id, payload, seconds) {
    const ends = seconds === undefined ? Infinity : Date.now() + seconds * 1000;
    records.set(`${this.model}:${id}`, { model: this.model, id, payload, ends });
  }

  async find(id) {
    return find((record) => record.model === this.model && record.id === id);
  }

  async findByUserCode(code) {
    return find((record) => record.model === this.model && record.payload.userCode === code);
  }

  async findByUid(uid) {
    return find((record) => record.model === this.model && record.payload.uid === uid);
  }

  async consume(id) {
    records.get(`${this.model}:${id}`).payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    records.delete(`${this.model}:${id}`);
  }

  async revokeByGrantId(grant) {
    for (const [key, record] of records) {
      if (OF_A_GRANT.has(record.model) && record.payload.grantId === grant) records.delete(key);
    }
  }
}

// How many grants there are.
export function countGrants() {
  return [...records.values()].filter((record) => record.model === 'Grant').length;
}

// Ends all grants with everything that they gave, and all sessions.
export function endEverything() {
  for (const [key, record] of records) {
    if (OF_A_GRANT.has(record.model) || record.model === 'Grant' || record.model === 'Session') records.delete(key);
  }
}
