// A sign-in at a dev issuer by openid-client: node login.mjs <issuer>. Prints what it got as one line of JSON.

import * as client from 'openid-client';

const [issuer] = process.argv.slice(2);
const BACK = 'http://127.0.0.1:5555/cb';
const insecure = { execute: [client.allowInsecureRequests] };
const web = await client.discovery(new URL(issuer), 'web', undefined, client.None(), insecure);
const service = await client.discovery(new URL(issuer), 'service', 'any', client.ClientSecretBasic('any'), insecure);

async function signIn(options) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const place = client.buildAuthorizationUrl(web, {
    redirect_uri: BACK,
    scope: 'openid profile offline_access orders:read',
    resource: 'https://api.example',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
  });
  const page = await (await fetch(place)).text();
  const [, request] = page.match(/name="request" value="([^"]+)"/);
  const scopes = [...page.matchAll(/name="scope" value="([^"]+)"/g)].map(([, scope]) => ['scope', scope]);
  const form = [['request', request], ['person', 'sub:ada'], ['audience', 'https://api.example'], ['answer', 'allow']];
  const answer = await fetch(new URL('/authorize', issuer), {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams([...form, ...scopes]),
    headers: { Origin: issuer },
  });
  const back = new URL(answer.headers.get('location'));
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  return client.authorizationCodeGrant(web, back, checks, undefined, options);
}

const tokens = await signIn();
const facts = await client.fetchUserInfo(web, tokens.access_token, tokens.claims().sub);
const again = await client.refreshTokenGrant(web, tokens.refresh_token);
const told = await client.tokenIntrospection(service, again.access_token);
await client.tokenRevocation(web, again.refresh_token);
const over = await client.tokenIntrospection(service, again.access_token);
const job = await client.clientCredentialsGrant(service, { scope: 'orders:read' });
const DPoP = client.getDPoPHandle(web, await client.randomDPoPKeyPair('ES256'));
const bound = await signIn({ DPoP });
const boundFacts = await client.fetchUserInfo(web, bound.access_token, 'ada', { DPoP });
const boundAgain = await client.refreshTokenGrant(web, bound.refresh_token, undefined, { DPoP });
const left = client.buildEndSessionUrl(web, { id_token_hint: tokens.id_token, post_logout_redirect_uri: BACK });
const goodbye = await fetch(left, { redirect: 'manual' });
console.log(
  JSON.stringify({
    claims: tokens.claims(),
    facts,
    told,
    over,
    job: job.token_type,
    bound: [bound.token_type, boundFacts.sub, boundAgain.token_type],
    goodbye: goodbye.headers.get('location'),
  }),
);
