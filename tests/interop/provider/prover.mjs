// Clients with keys of their own: node prover.mjs <dpop | openid-client> <alg> <issuer> <url>...
// Prints the statuses that each URL answers to two requests, as one line of JSON.

import * as dpop from 'dpop';
import * as client from 'openid-client';

const [library, alg, issuer, ...urls] = process.argv.slice(2);
const SECRET = 'not-a-secret-it-lives-for-a-test';
const asked = { resource: 'https://api.example/ES256', scope: 'orders:read' };
const post = (url) => new URL(url).pathname === '/mcp';
const body = (url) => post(url) ? JSON.stringify({
  jsonrpc: '2.0', id: 1, method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'prover', version: '1' } },
}) : undefined;
const headers = (url) => post(url)
  ? { accept: 'application/json, text/event-stream', 'content-type': 'application/json' } : {};
const method = (url) => post(url) ? 'POST' : 'GET';

// Everything by hand but the proofs; a nonce that a server gives is put into the next one.
async function withDpop() {
  const pair = await dpop.generateKeyPair(alg);
  const sent = async (url, init, token, nonce) => {
    const place = url.split(/[?#]/)[0];
    const proof = await dpop.generateProof(pair, place, init.method, nonce, token);
    const authorization = token === undefined ? `Basic ${btoa(`service:${SECRET}`)}` : `DPoP ${token}`;
    const answer = await fetch(url, { ...init, headers: { ...init.headers, authorization, dpop: proof } });
    const given = answer.headers.get('dpop-nonce');
    return answer.status === 401 && given && nonce === undefined ? sent(url, init, token, given) : answer;
  };
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...asked });
  const answer = await sent(`${issuer}/token`, { method: 'POST', body: form });
  const { access_token: token } = await answer.json();
  return async (url) => {
    const found = await sent(url, { method: method(url), body: body(url), headers: headers(url) }, token);
    return found.status;
  };
}

async function withOpenidClient() {
  const options = { execute: [client.allowInsecureRequests] };
  const config = await client.discovery(new URL(issuer), 'service', SECRET, undefined, options);
  const handle = client.getDPoPHandle(config, await client.randomDPoPKeyPair(alg));
  const { access_token: token } = await client.clientCredentialsGrant(config, asked, { DPoP: handle });
  const send = (url) => client.fetchProtectedResource(
    config, token, new URL(url), method(url), body(url), new Headers(headers(url)), { DPoP: handle },
  );
  return async (url) => {
    try {
      return (await send(url)).status;
    } catch (error) { // the client leaves it to the caller to send the request again with the nonce that it keeps
      return nonceAsked(error) ? (await send(url)).status : error.status;
    }
  };
}

const nonceAsked = (error) => error instanceof client.WWWAuthenticateChallengeError
  && error.cause.some(({ parameters }) => parameters.error === 'use_dpop_nonce');

const ask = await (library === 'dpop' ? withDpop() : withOpenidClient());
const statuses = [];
for (const url of urls) statuses.push(await ask(url), await ask(url));
console.log(JSON.stringify(statuses));
