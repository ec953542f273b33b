// The official TypeScript SDK's client, with a user who signs in by itself: node agent.mjs <calls> [client id] [issuer]
// <url>. <calls> are names of tools, with commas between; without a client id it registers one. Prints each exchange as a
// line of JSON, as example_projects/mcp_server/agent.py does, but for the pages of the sign-in.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [calls, ...given] = process.argv.slice(2);
const url = given.pop();
const [client_id, issuer] = given;
const CALLBACK = 'https://browser.example/cb';

function named(address, { method = 'GET', body }) {
  const { pathname } = new URL(address);
  if (method !== 'POST') return `${method} ${pathname}`;
  if (!pathname.endsWith('/mcp')) return `POST ${pathname} ${new URLSearchParams(body).get('grant_type')}`;
  const { method: called, params } = JSON.parse(body);
  return [called, params?.name].filter(Boolean).join(' ');
}

const show = (line) => console.log(JSON.stringify(line));

async function told(address, options = {}) {
  const answer = await fetch(address, options);
  const challenge = (answer.headers.get('www-authenticate') ?? '').matchAll(/(\w+)="([^"]*)"/g);
  const told = Object.fromEntries([...challenge].map(([, name, value]) => [name, value]));
  show({ request: named(address, options), status: answer.status, asks: told.scope ?? null, told });
  return answer;
}

// What a browser does with a provider that agrees to everything.
async function signedIn(address) {
  const cookies = new Map();
  for (let place = address.href; ;) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(place, { redirect: 'manual', headers: { cookie } });
    for (const [, name, value] of answer.headers.getSetCookie().map((line) => /^([^=]+)=([^;]*)/.exec(line))) {
      cookies.set(name, value);
    }
    place = new URL(answer.headers.get('location'), place).href;
    if (place.startsWith(CALLBACK)) return new URL(place).searchParams;
  }
}

const authProvider = {
  redirectUrl: CALLBACK,
  clientMetadata: { redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' },
  information: client_id && { client_id, issuer },
  clientInformation: () => authProvider.information,
  saveClientInformation: (registered) => { authProvider.information = registered; },
  tokens: () => authProvider.token,
  saveTokens: (token) => { authProvider.token = token; },
  saveCodeVerifier: (verifier) => { authProvider.verifier = verifier; },
  codeVerifier: () => authProvider.verifier,
  redirectToAuthorization: async (address) => {
    show({ request: `sign-in ${address.searchParams.get('scope')}`, resource: address.searchParams.get('resource') });
    authProvider.answer = await signedIn(address);
  },
};

let transport;
const open = () => { transport = new StreamableHTTPClientTransport(new URL(url), { authProvider, fetch: told }); };

// A person would be sent to a page, and come back; at most twice, for a first token and for one that allows more.
async function signingIn(action, again = () => {}, left = 2) {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || !left) throw error;
    await transport.finishAuth(authProvider.answer.get('code'));
    again();
    return signingIn(action, again, left - 1);
  }
}

const client = new Client({ name: 'agent', version: '1' });
open();
await signingIn(() => client.connect(transport), open);
for (const name of calls.split(',')) {
  const { content } = await signingIn(() => client.callTool({ name, arguments: { number: 2 } }));
  show({ tool: name, text: content[0].text });
}
await client.close();
