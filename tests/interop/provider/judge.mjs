// Another judge of requests: node judge.mjs <issuer> <its keys> <audience>, with [[method, URL, [[name, value], ...]], ...] as input.
// Prints what oauth4webapi says of each as one line of JSON: "" where it takes the request.

import { text } from 'node:stream/consumers';
import * as oauth from 'oauth4webapi';

const [issuer, keys, audience] = process.argv.slice(2);
const server = { issuer, jwks_uri: keys };
const options = { [oauth.allowInsecureRequests]: true };

const verdicts = [];
for (const [method, url, pairs] of JSON.parse(await text(process.stdin))) {
  const headers = new Headers();
  for (const [name, value] of pairs) headers.append(name, value);
  try {
    await oauth.validateJwtAccessToken(server, new Request(url, { method, headers }), audience, options);
    verdicts.push('');
  } catch (error) {
    verdicts.push(`${error.name}: ${error.message}`);
  }
}
console.log(JSON.stringify(verdicts));
