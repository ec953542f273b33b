// What oauth4webapi makes of an issuer's introspection endpoint, found by its metadata:
// node introspector.mjs <issuer> <client> <secret> <json|jwt> <token>... Prints the answers as one line of JSON.

import * as oauth from 'oauth4webapi';

const [issuer, client_id, secret, form, ...tokens] = process.argv.slice(2);
const insecure = { [oauth.allowInsecureRequests]: true };
const url = new URL(issuer);

const server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure));
const client = { client_id, ...(form === 'jwt' && { introspection_signed_response_alg: 'RS256' }) };
const options = { ...insecure, requestJwtResponse: form === 'jwt' };

const answers = [];
for (const token of tokens) {
  const asked = await oauth.introspectionRequest(server, client, oauth.ClientSecretBasic(secret), token, options);
  const answer = await oauth.processIntrospectionResponse(server, client, asked);
  if (form === 'jwt') {
    await oauth.validateApplicationLevelSignature(server, asked, insecure);
  }
  answers.push(answer);
}
console.log(JSON.stringify(answers));
