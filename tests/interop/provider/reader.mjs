// What oauth4webapi reads: node reader.mjs <resource> <url> [token]. Prints {metadata, challenges} as one line of JSON.

import * as oauth from 'oauth4webapi';

const [resource, url, token = 'a.b.c'] = process.argv.slice(2);
const insecure = { [oauth.allowInsecureRequests]: true };

const found = await oauth.resourceDiscoveryRequest(new URL(resource), insecure);
const metadata = await oauth.processResourceDiscoveryResponse(new URL(resource), found);

let challenges = [];
try {
  await oauth.protectedResourceRequest(token, 'GET', new URL(url), undefined, null, insecure);
} catch (error) {
  if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw error;
  challenges = error.cause;
}
const again = challenges[0]?.parameters.resource_metadata;
if (again !== undefined) {
  await oauth.processResourceDiscoveryResponse(new URL(resource), await fetch(again));
}
console.log(JSON.stringify({ metadata, challenges }));
