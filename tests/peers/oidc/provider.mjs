// A provider of sign-in as its own documentation sets it up, with two people.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = process.env.OIDC_MODULE;
const { main, exports: named } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json')));
const entry = main ?? named?.['.']?.default ?? named?.default ?? named ?? 'lib/index.js';
const { default: Provider } = await import(pathToFileURL(path.join(folder, typeof entry === 'string' ? entry : 'lib/index.js')));

const GROUPS = { 'anna.ek': ['staff', 'vardkase-tib'], 'bo.ek': ['staff'] };
const provider = new Provider(`http://127.0.0.1:${process.env.OIDC_PORT}`, {
  clients: [{
    client_id: 'vardkase',
    client_secret: process.env.OIDC_SECRET,
    redirect_uris: [process.env.OIDC_BACK],
    token_endpoint_auth_method: 'client_secret_basic',
  }],
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], groups: ['groups'] },
  pkce: { required: () => true },
  cookies: { keys: ['a key of tests'] },
  findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: id, groups: GROUPS[id] ?? [] }) }),
});
provider.listen(Number(process.env.OIDC_PORT), '127.0.0.1', () => console.log('listening'));
