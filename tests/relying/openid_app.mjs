// An application that signs its people in by npm openid-client: node openid_app.mjs PORT CHAIN KEY ISSUER ID SECRET [LEVEL]
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as client from "openid-client";

const [port, chain, key, issuer, id, secret, level] = process.argv.slice(2);
const origin = `https://127.0.0.1:${port}`;
const event = "http://schemas.openid.net/event/backchannel-logout";
const config = await client.discovery(
    new URL(issuer), id, { id_token_signed_response_alg: "ES256" }, client.ClientSecretBasic(secret),
);
const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
// Those who are on their way, and those who are in, by their cookies.
const begun = new Map();
const entered = new Map();

async function login(response) {
    const [own, verifier, nonce, state] = [client.randomState(), client.randomPKCECodeVerifier(), client.randomNonce(), client.randomState()];
    begun.set(own, { verifier, nonce, state });
    const to = client.buildAuthorizationUrl(config, {
        redirect_uri: `${origin}/callback`, scope: "openid email profile", state, nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
        ...(level ? { acr_values: level } : {}),
    });
    response.writeHead(302, { location: to.href, "set-cookie": `own${port}=${own}; HttpOnly; Secure; Path=/; SameSite=Lax` }).end();
}

async function callback(own, url, response) {
    const { verifier, nonce, state } = begun.get(own);
    begun.delete(own);
    const tokens = await client.authorizationCodeGrant(config, url, { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state });
    const claims = tokens.claims();
    if (level && claims.acr !== level) throw new Error("not what was asked for");
    const told = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    entered.set(own, { user: claims.sub, attributes: told, acr: claims.acr, sid: claims.sid });
    response.writeHead(302, { location: "/private" }).end();
}

async function signedOut(request, response) {
    let body = "";
    for await (const part of request) body += part;
    const token = new URLSearchParams(body).get("logout_token") ?? "";
    const { payload } = await jwtVerify(token, keys, { issuer, audience: id, typ: "logout+jwt", algorithms: ["ES256"] });
    if (!payload.events?.[event] || "nonce" in payload) throw new Error("no logout");
    for (const [own, person] of entered) if (person.sid === payload.sid) entered.delete(own);
    response.writeHead(200).end();
}

createServer({ cert: readFileSync(chain), key: readFileSync(key) }, async (request, response) => {
    const url = new URL(request.url, origin);
    const own = new RegExp(`own${port}=([^;]+)`).exec(request.headers.cookie ?? "")?.[1];
    try {
        if (request.method === "POST") await signedOut(request, response);
        else if (url.pathname === "/callback") await callback(own, url, response);
        else if (url.pathname === "/private" && entered.has(own)) {
            response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(entered.get(own)));
        } else await login(response);
    } catch (error) {
        response.writeHead(400).end(`refused: ${error} ${error.cause?.message ?? ""}`);
    }
}).listen(Number(port), "127.0.0.1");
