// An identity provider with the client_credentials grant and tokens of six seconds. Reads one JSON object from stdin:
// `audience`, `client_id`, `client_secret`, `key` (hexadecimal; signs the tokens). Writes its port to stdout.
import { createSecretKey } from "node:crypto";
import { text } from "node:stream/consumers";
import Provider, { errors } from "oidc-provider";

const { audience, key, ...credentials } = JSON.parse(await text(process.stdin));
const grants = { grant_types: ["client_credentials"], redirect_uris: [], response_types: [] };
const jwt = { sign: { alg: "HS256", key: createSecretKey(key, "hex") } };

const provider = new Provider("http://127.0.0.1", {
  clients: [{ ...credentials, ...grants, token_endpoint_auth_method: "client_secret_post" }],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx) => ctx.oidc.body.audience, // Auth0's word for a resource
      getResourceServerInfo: (_, resource) => {
        if (resource !== audience) throw new errors.InvalidTarget();
        return { accessTokenFormat: "jwt", accessTokenTTL: 6, audience, jwt, scope: "" };
      },
    },
  },
});
const listener = provider.listen(0, "127.0.0.1", () => console.log(listener.address().port));
