// The certified OpenID provider oidc-provider, issuing JWT access tokens (RFC 9068, RFC 8707) and ID tokens on loopback.
//
// Standard output has one JSON line with the issuer once it listens, and one after each command. Commands are
// lines on standard input: "rotate" puts a new key of each algorithm before the old ones, "withdraw" drops the
// old ones, "logout" tells a service of one. The end of standard input ends the process, so it never outlives the test that started it.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

console.info = console.error; // the provider's notices; standard output is ours

const KEY_TYPES = {
  RS256: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  EdDSA: ['ed25519', {}],
};
const AUDIENCE = 'https://api.example';
const SCOPE = 'orders:read orders:write';

const newKeys = () => Object.entries(KEY_TYPES).map(([alg, [type, options]]) => {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `${alg}-${randomUUID()}` };
});

// A resource's last path segment chooses the algorithm of its tokens, whose audience is the same for all; any other
// resource is an audience of its own.
const resourceServer = (ctx, resource) => {
  const alg = resource.split('/').pop();
  return {
    audience: alg in KEY_TYPES || alg === 'opaque' ? AUDIENCE : resource,
    scope: SCOPE,
    accessTokenFormat: alg === 'opaque' ? 'opaque' : 'jwt',
    accessTokenTTL: 300,
    jwt: { sign: { alg: alg in KEY_TYPES ? alg : 'ES256' } },
  };
};

// One client that signs users in for each algorithm of its ID tokens, by every flow that returns them.
const webClient = (alg) => ({
  client_id: `web-${alg}`,
  client_secret: 'not-a-secret-it-lives-for-a-test',
  grant_types: ['authorization_code', 'implicit'],
  redirect_uris: ['https://client.example/callback'],
  response_types: ['code', 'id_token', 'id_token token', 'code id_token', 'code id_token token'],
  id_token_signed_response_alg: alg,
  require_auth_time: true,
});

// The client's certificate, as a proxy in front of the provider passes it on (RFC 8705).
const certificateOf = (ctx) => decodeURIComponent(ctx.get('client-cert')) || undefined;

const configuration = (keys) => ({
  jwks: { keys },
  clients: [{
    client_id: 'service',
    client_secret: 'not-a-secret-it-lives-for-a-test',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  }, {
    client_id: 'bound',
    client_secret: 'not-a-secret-it-lives-for-a-test',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    tls_client_certificate_bound_access_tokens: true,
  }, ...Object.keys(KEY_TYPES).map(webClient), {
    client_id: 'browser',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code'],
    redirect_uris: ['https://browser.example/cb'],
    response_types: ['code'],
  }],
  acrValues: ['urn:acme:mfa', 'pwd'],
  responseTypes: ['code', 'id_token', 'id_token token', 'code id_token', 'code id_token token', 'none'],
  pkce: { required: () => false },
  enabledJWA: { dPoPSigningAlgValues: ['ES256', 'Ed25519', 'EdDSA', 'RS256', 'PS256'] },
  cookies: { keys: ['lives-for-a-test'] },
  // The services it tells of logouts are on loopback, where its own dispatcher connects to nobody.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  features: {
    backchannelLogout: { enabled: true },
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    dPoP: { enabled: true },
    introspection: { enabled: true },
    jwtIntrospection: { enabled: true },
    revocation: { enabled: true },
    mTLS: { enabled: true, certificateBoundAccessTokens: true, getCertificate: certificateOf },
    resourceIndicators: { enabled: true, getResourceServerInfo: resourceServer },
  },
  scopes: ['openid', ...SCOPE.split(' ')],
  // Of a user, how and when they signed in (RFC 9470 section 6).
  extraTokenClaims: (ctx) => {
    const code = ctx.oidc.entities.AuthorizationCode;
    return { roles: ['admin'], ...(code && { acr: code.acr, auth_time: code.authTime }) };
  },
});

const server = createServer((request, response) => answer(request, response));
let answer;
let keys = newKeys();
let issuer;
let provider;

// A user who signs in as the client asks, and agrees to everything.
async function agree(provider, { params }, request, response) {
  const accountId = 'user-1';
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  grant.addResourceScope(params.resource, SCOPE);
  await provider.interactionFinished(request, response, {
    login: { accountId, acr: params.acr_values?.split(' ')[0] ?? 'pwd' },
    consent: { grantId: await grant.save() },
  });
}

function publish() {
  provider = new Provider(issuer, configuration(keys));
  const rest = provider.callback();
  answer = async (request, response) => {
    if (request.method === 'GET' && /^\/interaction\/[^/]+$/.test(request.url)) {
      const details = await provider.interactionDetails(request, response);
      if (details.params.client_id === 'browser') return agree(provider, details, request, response);
    }
    return rest(request, response);
  };
  console.log(JSON.stringify({ issuer, kids: keys.map((key) => key.kid) }));
}

const COMMANDS = {
  rotate: () => { keys = [...newKeys(), ...keys]; },
  withdraw: () => { keys = keys.slice(0, Object.keys(KEY_TYPES).length); },
  // The logout of a user, told to a client's endpoint (OpenID Connect Back-Channel Logout 1.0); "" for no session.
  logout: async (clientId, uri, sub, sid = '') => {
    const client = await provider.Client.find(clientId);
    Object.assign(client, { backchannelLogoutUri: uri, backchannelLogoutSessionRequired: sid !== '' });
    await client.backchannelLogout(sub, sid);
  },
};

server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  publish();
  createInterface({ input: process.stdin })
    .on('line', async (line) => {
      const [name, ...words] = line.split(' ');
      await COMMANDS[name](...words);
      publish();
    })
    .on('close', () => process.exit(0));
});
