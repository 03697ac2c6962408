export const id = 139;
export const ids = [139];
export const modules = {

/***/ 5139:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  runStandIn: () => (/* binding */ runStandIn)
});

// EXTERNAL MODULE: external "node:readline"
var external_node_readline_ = __webpack_require__(481);
// EXTERNAL MODULE: ./build/errors.js
var errors = __webpack_require__(9473);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 5 modules
var schemas = __webpack_require__(2047);
// EXTERNAL MODULE: external "node:child_process"
var external_node_child_process_ = __webpack_require__(1421);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(6760);
// EXTERNAL MODULE: external "node:stream/promises"
var promises_ = __webpack_require__(6466);
// EXTERNAL MODULE: ./build/rehearsal/stand-ins/faults.js
var stand_ins_faults = __webpack_require__(189);
// EXTERNAL MODULE: ./build/rehearsal/stand-ins/git-repository.js
var git_repository = __webpack_require__(455);
// EXTERNAL MODULE: external "node:http"
var external_node_http_ = __webpack_require__(7067);
// EXTERNAL MODULE: external "node:timers/promises"
var external_node_timers_promises_ = __webpack_require__(8500);
;// CONCATENATED MODULE: ./build/rehearsal/stand-ins/server.js



const keptRequests = 1000;
const base = 'http://127.0.0.1';
const largestRequest = 1024 * 1024;
/** A real HTTP server on a free port of 127.0.0.1. A handler that throws gives 500 without a word of why. */
async function serve({ handle, onRequest }) {
    const requests = [];
    const closing = new AbortController();
    const server = (0,external_node_http_.createServer)((request, response) => {
        const gone = new AbortController();
        const notes = [];
        const target = request.url ?? '/';
        const url = new URL(URL.canParse(target, base) ? target : '/', base);
        response.on('close', () => {
            gone.abort();
            const record = {
                at: new Date().toISOString(),
                method: request.method ?? '',
                path: url.pathname,
                status: response.headersSent ? response.statusCode : 0,
                note: notes.join('; '),
            };
            requests.push(record);
            if (requests.length > keptRequests)
                requests.shift();
            onRequest?.(record);
        });
        const call = {
            request,
            response,
            url,
            signal: AbortSignal.any([closing.signal, gone.signal]),
            note: (text) => notes.push(text),
        };
        handle(call).catch((error) => {
            if (call.signal.aborted)
                return response.destroy();
            call.note(`the stand-in failed: ${(0,errors/* messageOf */.bD)(error)}`);
            if (!response.headersSent)
                response.writeHead(500);
            return response.end();
        });
    });
    await new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address();
    const close = async () => {
        closing.abort();
        await new Promise((resolve) => {
            server.close(() => resolve());
            server.closeAllConnections();
        });
    };
    return { url: `http://127.0.0.1:${port}`, requests, close, [Symbol.asyncDispose]: close };
}
function sendJson({ response }, status, body, headers = {}) {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(JSON.stringify(body));
}
/** The body of a request as JSON or form, by its content type; undefined where it is neither. */
async function readBody({ request }) {
    const chunks = [];
    let size = 0;
    for await (const chunk of request) {
        size += chunk.byteLength;
        if (size > largestRequest)
            return undefined;
        chunks.push(chunk);
    }
    const text = Buffer.concat(chunks).toString('utf8');
    if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
        return Object.fromEntries(new URLSearchParams(text));
    }
    try {
        return JSON.parse(text);
    }
    catch {
        return undefined;
    }
}
/** The token of `Authorization: Bearer …`. */
function bearerOf({ request }) {
    return /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
}
/** The faults that any server may have. `broken` tells which of them strike; true where the call is over with that. */
async function breakCall(call, strikes) {
    if (strikes('slow')) {
        call.note('fault slow');
        await (0,external_node_timers_promises_.setTimeout)(30_000, undefined, { signal: call.signal });
    }
    if (strikes('drop')) {
        call.note('fault drop');
        call.response.destroy();
        return true;
    }
    if (strikes('html')) {
        call.note('fault html');
        call.response.writeHead(200, { 'content-type': 'text/html' });
        call.response.end('<!doctype html><title>Welcome</title><p>Sign in to use this network.');
        return true;
    }
    return false;
}

;// CONCATENATED MODULE: ./build/rehearsal/stand-ins/git.js







const gitConfig = schemas/* strictObject */.rej({
    /** The bare repository that is served, under its folder's name. */
    bare: schemas/* string */.YjP().startsWith('/'),
    /** The password that is demanded; any user name will do, as at GitHub. */
    token: schemas/* string */.YjP().min(1),
    git: schemas/* string */.YjP().default('git'),
    faults: schemas/* array */.YOg(schemas/* string */.YjP()).default([]),
});
/**
 * A git remote: `git http-backend` behind node:http, serving one bare repository, read only, to whoever brings the
 * token. The request log tells which service was asked with a valid token.
 */
async function startGit(config, options = {}) {
    const { bare, token, git, faults: texts } = gitConfig.parse(config);
    const faults = (0,stand_ins_faults/* planFaults */.hf)('git', texts);
    const prefix = `/${(0,external_node_path_.basename)(bare)}`;
    const refuse = ({ response }, status, text) => {
        response.writeHead(status, {
            'content-type': 'text/plain',
            ...(status === 401 ? { 'www-authenticate': 'Basic realm="git"' } : {}),
        });
        response.end(`${text}\n`);
    };
    const standIn = await serve({
        onRequest: options.onRequest,
        async handle(call) {
            if (await breakCall(call, (kind) => kind !== 'html' && faults.strikes(kind)))
                return;
            if (faults.strikes('500'))
                return refuse(call, 500, 'Internal Server Error');
            if (passwordOf(call) !== token || faults.strikes('401')) {
                call.note(call.request.headers.authorization ? 'wrong token' : 'no token');
                return refuse(call, 401, 'Authentication failed');
            }
            if (faults.strikes('403'))
                return refuse(call, 403, 'Permission to repository denied');
            const { pathname } = call.url;
            if (!pathname.startsWith(`${prefix}/`) || faults.strikes('404')) {
                return refuse(call, 404, 'Repository not found');
            }
            call.note(`${serviceOf(call)} with the token`);
            await backend(call, bare, git);
        },
    });
    return { ...standIn, repository: `${standIn.url}${prefix}` };
}
function passwordOf({ request }) {
    const encoded = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (encoded === undefined)
        return undefined;
    const pair = Buffer.from(encoded, 'base64').toString('utf8');
    return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : undefined;
}
function serviceOf({ url }) {
    const name = url.searchParams.get('service') ?? (0,external_node_path_.basename)(url.pathname);
    return name.replace(/^git-/, '');
}
/** The call as CGI (RFC 3875) to git-http-backend; without REMOTE_USER it serves reads only. */
async function backend({ request, response, url, signal }, bare, git) {
    const header = (name) => String(request.headers[name] ?? '');
    const child = (0,external_node_child_process_.spawn)(git, ['http-backend'], {
        stdio: ['pipe', 'pipe', 'ignore'],
        signal,
        killSignal: 'SIGKILL',
        env: {
            ...(0,git_repository/* gitEnvironment */._)(),
            GIT_PROJECT_ROOT: (0,external_node_path_.dirname)(bare),
            GIT_HTTP_EXPORT_ALL: '1',
            GIT_PROTOCOL: header('git-protocol'),
            REQUEST_METHOD: request.method ?? '',
            PATH_INFO: url.pathname,
            QUERY_STRING: url.search.slice(1),
            CONTENT_TYPE: header('content-type'),
            CONTENT_LENGTH: header('content-length'),
            HTTP_CONTENT_ENCODING: header('content-encoding'),
            REMOTE_ADDR: '127.0.0.1',
        },
    });
    const failed = new Promise((_, reject) => child.once('error', reject));
    // A backend that answers before it has read all of the request closes its end: no failure of ours.
    const sent = (0,promises_.pipeline)(request, child.stdin).catch(() => undefined);
    await Promise.race([Promise.all([relay(child.stdout, response), sent]), failed]);
}
/** CGI's header block becomes the status and headers, and what follows is passed on as it comes. */
async function relay(from, to) {
    let head = Buffer.alloc(0);
    for await (const chunk of from) {
        if (head === undefined) {
            to.write(chunk);
            continue;
        }
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf('\r\n\r\n');
        if (end === -1)
            continue;
        const headers = new Map(head
            .subarray(0, end)
            .toString('latin1')
            .split('\r\n')
            .map((line) => {
            const colon = line.indexOf(':');
            return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
        }));
        const status = Number.parseInt(headers.get('status') ?? '200', 10);
        headers.delete('status');
        to.writeHead(status, Object.fromEntries(headers));
        to.write(head.subarray(end + 4));
        head = undefined;
    }
    if (head !== undefined)
        to.writeHead(500);
    to.end();
}

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(7598);
// EXTERNAL MODULE: ./node_modules/jose/dist/webapi/jwt/sign.js + 1 modules
var jwt_sign = __webpack_require__(2896);
// EXTERNAL MODULE: ./node_modules/jose/dist/webapi/key/generate_key_pair.js
var generate_key_pair = __webpack_require__(9480);
// EXTERNAL MODULE: ./node_modules/jose/dist/webapi/key/export.js
var key_export = __webpack_require__(7968);
// EXTERNAL MODULE: ./node_modules/jose/dist/webapi/jwk/thumbprint.js
var thumbprint = __webpack_require__(7448);
;// CONCATENATED MODULE: ./build/rehearsal/stand-ins/github-oidc.js





/** The job whose identity the issuer vouches for. Names as GitHub's contexts have them. */
const job = schemas/* strictObject */.rej({
    repository: schemas/* string */.YjP().regex(/^[^/]+\/[^/]+$/),
    repositoryId: schemas/* string */.YjP().default('1'),
    repositoryOwnerId: schemas/* string */.YjP().default('1'),
    ref: schemas/* string */.YjP().default('refs/heads/main'),
    sha: schemas/* string */.YjP().default('0'.repeat(40)),
    environment: schemas/* string */.YjP().optional(),
    eventName: schemas/* string */.YjP().default('workflow_dispatch'),
    workflow: schemas/* string */.YjP().default('.github/workflows/rebirth.yml'),
    runId: schemas/* string */.YjP().default('1'),
    runAttempt: schemas/* string */.YjP().default('1'),
    /** `immutable` is the form with ids, of repositories made after 2026-07-15. */
    subject: schemas/* enum */.k5n(['classic', 'immutable']).default('classic'),
});
const githubOidcConfig = schemas/* strictObject */.rej({
    /** What the runner has as ACTIONS_ID_TOKEN_REQUEST_TOKEN. */
    requestToken: schemas/* string */.YjP().min(16),
    job,
    faults: schemas/* array */.YOg(schemas/* string */.YjP()).default([]),
});
const tokenPath = '/_apis/distributedtask/hubs/Actions/plans/box/jobs/box/idtoken';
/** GitHub's OIDC issuer: discovery, keys, and the runner's token endpoint. Signs RS256, as GitHub does. */
async function startGithubOidc(config, options = {}) {
    const { requestToken, job: vouched, faults: texts } = githubOidcConfig.parse(config);
    const now = options.now ?? Date.now;
    const faults = (0,stand_ins_faults/* planFaults */.hf)('github-oidc', texts);
    const [published, unpublished] = await Promise.all([newKey(), newKey()]);
    let issuer = '';
    const standIn = await serve({
        onRequest: options.onRequest,
        async handle(call) {
            switch (call.url.pathname) {
                case '/.well-known/openid-configuration':
                    return sendJson(call, 200, {
                        issuer,
                        jwks_uri: `${issuer}/.well-known/jwks`,
                        subject_types_supported: ['public', 'pairwise'],
                        response_types_supported: ['id_token'],
                        id_token_signing_alg_values_supported: ['RS256'],
                        scopes_supported: ['openid'],
                    });
                case '/.well-known/jwks':
                    return sendJson(call, 200, { keys: [published.jwk] });
                case tokenPath:
                    return await giveToken(call);
                default:
                    return sendJson(call, 404, { message: 'Not Found' });
            }
        },
    });
    issuer = standIn.url;
    async function giveToken(call) {
        if (await breakCall(call, faults.strikes))
            return;
        if (faults.strikes('429'))
            return sendJson(call, 429, { message: 'Too many requests' });
        if (faults.strikes('500'))
            return sendJson(call, 500, { message: 'Internal server error' });
        if (bearerOf(call) !== requestToken || faults.strikes('403')) {
            return sendJson(call, 403, { message: 'Forbidden' });
        }
        const audience = call.url.searchParams.get('audience') ?? `https://github.com/${ownerOf(vouched)}`;
        const claims = claimsFor(vouched, audience, faults);
        const iat = Math.floor(now() / 1000) - (faults.strikes('expired') ? 3600 : 0);
        const forged = faults.strikes('bad-signature');
        const kid = faults.strikes('unknown-key') ? unpublished.jwk.kid : published.jwk.kid;
        const value = await new jwt_sign/* SignJWT */.P({ ...claims, jti: (0,external_node_crypto_.randomUUID)(), iat, nbf: iat - 600, exp: iat + 300 })
            .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: kid ?? '' })
            .setIssuer(issuer)
            .sign(forged ? unpublished.privateKey : published.privateKey);
        call.note(`token for audience ${audience}`);
        sendJson(call, 200, { count: value.length, value });
    }
    return { ...standIn, requestUrl: `${standIn.url}${tokenPath}?api-version=2.0` };
}
function ownerOf({ repository }) {
    return repository.split('/')[0] ?? '';
}
/** docs.github.com, OpenID Connect reference: environment wins over pull_request, which wins over ref. */
function subjectOf(of) {
    const [owner, name] = of.repository.split('/');
    const repository = of.subject === 'immutable'
        ? `${owner}@${of.repositoryOwnerId}/${name}@${of.repositoryId}`
        : of.repository;
    const plain = (value) => value.replaceAll(':', '%3A');
    if (of.environment !== undefined)
        return `repo:${repository}:environment:${plain(of.environment)}`;
    if (of.eventName === 'pull_request')
        return `repo:${repository}:pull_request`;
    return `repo:${repository}:ref:${plain(of.ref)}`;
}
function claimsFor(of, audience, faults) {
    const workflowRef = `${of.repository}/${of.workflow}@${of.ref}`;
    const subject = faults.strikes('wrong-subject')
        ? subjectOf({ ...of, repository: `${ownerOf(of)}/another-repository` })
        : subjectOf(of);
    return {
        sub: subject,
        aud: faults.strikes('wrong-audience') ? 'https://audience-of-somebody-else.invalid' : audience,
        ref: of.ref,
        ref_type: of.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
        sha: of.sha,
        repository: of.repository,
        repository_id: of.repositoryId,
        repository_owner: ownerOf(of),
        repository_owner_id: of.repositoryOwnerId,
        repository_visibility: 'private',
        event_name: of.eventName,
        workflow_ref: workflowRef,
        workflow_sha: of.sha,
        job_workflow_ref: workflowRef,
        job_workflow_sha: of.sha,
        run_id: of.runId,
        run_attempt: of.runAttempt,
        run_number: '1',
        runner_environment: 'self-hosted',
        ...(of.environment === undefined ? {} : { environment: of.environment }),
    };
}
async function newKey() {
    const { privateKey, publicKey } = await (0,generate_key_pair/* generateKeyPair */.T)('RS256', { modulusLength: 2048 });
    const jwk = await (0,key_export/* exportJWK */.JU)(publicKey);
    return {
        privateKey,
        jwk: { ...jwk, alg: 'RS256', use: 'sig', kid: await (0,thumbprint/* calculateJwkThumbprint */.s)(jwk) },
    };
}

// EXTERNAL MODULE: ./node_modules/jose/dist/webapi/util/decode_protected_header.js
var decode_protected_header = __webpack_require__(1196);
// EXTERNAL MODULE: ./node_modules/jose/dist/webapi/jws/compact/verify.js
var verify = __webpack_require__(7880);
// EXTERNAL MODULE: ./node_modules/jose/dist/webapi/key/import.js
var key_import = __webpack_require__(3568);
;// CONCATENATED MODULE: ./build/rehearsal/stand-ins/infisical-policy.js
/**
 * Does `value` match a bound value of Infisical, which is equality or picomatch? Of picomatch this knows what bindings
 * use: `*` and `?` stay inside one `/` segment and do not begin a segment at a dot; `**` crosses segments only where it
 * is a segment by itself. So `repo:o/r:*` does not let `repo:o/r:ref:refs/heads/main` in.
 */
function matchesPolicy(value, policy) {
    return value === policy || matchSegments(value.split('/'), policy.split('/'));
}
function matchSegments(values, policies) {
    const [policy, ...policiesLeft] = policies;
    if (policy === undefined)
        return values.length === 0;
    const [value, ...valuesLeft] = values;
    if (policy === '**') {
        if (matchSegments(values, policiesLeft))
            return true;
        return value !== undefined && !value.startsWith('.') && matchSegments(valuesLeft, policies);
    }
    return value !== undefined && matchSegment(value, policy) && matchSegments(valuesLeft, policiesLeft);
}
function matchSegment(value, policy) {
    if (value.startsWith('.') && /^[*?]/.test(policy))
        return false;
    const pattern = policy
        .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll(/\*+/g, '.*')
        .replaceAll('?', '.');
    return new RegExp(`^${pattern}$`, 's').test(value);
}

;// CONCATENATED MODULE: ./build/rehearsal/stand-ins/infisical-refusal.js
/** An error as Infisical's server/plugins/error-handler.ts words it; thrown by the rooms, sent by the routes. */
class InfisicalRefusal extends Error {
    status;
    body;
    constructor(status, error, message, details) {
        super(typeof message === 'string' ? message : error);
        this.status = status;
        this.body = { statusCode: status, message, error, ...(details === undefined ? {} : { details }) };
    }
}
const badRequest = (message) => new InfisicalRefusal(400, 'BadRequest', message);
const unauthorized = (message = 'You are not allowed to access this resource') => new InfisicalRefusal(401, 'UnauthorizedError', message);
const forbidden = (message) => new InfisicalRefusal(403, 'ForbiddenError', message);
const notFound = (message) => new InfisicalRefusal(404, 'NotFound', message);
const tokenError = (message) => new InfisicalRefusal(403, 'TokenError', message);
/** CASL's refusal: `details` holds the rules that would have applied. */
const permissionDenied = (action, subject) => new InfisicalRefusal(403, 'PermissionDenied', `You are not allowed to ${action} on ${subject}`, []);
/** A request that does not fit its schema: 422, and `message` is the list of issues. */
function parseRequest(schema, value) {
    const parsed = schema.safeParse(value ?? {});
    if (parsed.success)
        return parsed.data;
    throw new InfisicalRefusal(422, 'ValidationFailure', parsed.error.issues);
}

;// CONCATENATED MODULE: ./build/rehearsal/stand-ins/infisical-oidc.js




const discoveryDocument = schemas/* object */.Ikc({ jwks_uri: schemas/* string */.YjP() });
const keySet = schemas/* object */.Ikc({ keys: schemas/* array */.YOg(schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* unknown */.L5J())) });
const payloadSchema = schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* unknown */.L5J());
const algorithms = ['RS256', 'RS384', 'RS512'];
const issuerMs = 10_000;
/**
 * Verifies an id token for real, against the issuer's own discovery document and keys, in the order and with the words
 * of Infisical's services/identity-oidc-auth: key, signature, times, issuer (401), subject (403), audience, claims (401).
 * There is no leeway for clocks: a token that ends this very second has expired. `now` in milliseconds.
 */
async function verifyIdToken(jwt, auth, now) {
    const keys = await fetchKeys(auth.discoveryUrl);
    const kid = keyIdOf(jwt);
    const candidates = kid === undefined ? keys.slice(0, 10) : keys.filter((key) => key.kid === kid);
    if (kid !== undefined && candidates.length === 0) {
        throw unauthorized(`Access denied: Unable to verify JWT signature. The signing key '${kid}' was not found in the OIDC provider's JWKS endpoint. This may indicate an invalid token or misconfigured OIDC provider.`);
    }
    const claims = await verifySignature(jwt, candidates);
    checkTimes(claims, Math.floor(now / 1000));
    if (claims['iss'] !== auth.boundIssuer) {
        throw unauthorized(`Access denied: jwt issuer invalid. expected: ${auth.boundIssuer}`);
    }
    checkBindings(claims, auth);
}
async function fetchKeys(discoveryUrl) {
    try {
        const { jwks_uri } = discoveryDocument.parse(await fetchJson(`${discoveryUrl}/.well-known/openid-configuration`));
        return keySet.parse(await fetchJson(jwks_uri)).keys;
    }
    catch (error) {
        throw unauthorized(`Access denied: Failed to fetch OIDC discovery document from ${discoveryUrl}. ${error instanceof Error ? error.name : ''}`);
    }
}
async function fetchJson(url) {
    const response = await fetch(url, { signal: AbortSignal.timeout(issuerMs) });
    if (!response.ok)
        throw new Error(`status ${response.status}`);
    return await response.json();
}
function keyIdOf(jwt) {
    try {
        return (0,decode_protected_header/* decodeProtectedHeader */._)(jwt).kid;
    }
    catch {
        throw unauthorized('Invalid JWT');
    }
}
async function verifySignature(jwt, keys) {
    for (const key of keys) {
        try {
            const { payload } = await (0,verify/* compactVerify */.B)(jwt, await (0,key_import/* importJWK */.Og)(key, 'RS256'), { algorithms });
            return payloadSchema.parse(JSON.parse(Buffer.from(payload).toString('utf8')));
        }
        catch {
            // Not this key's signature; without a key id the next one may be.
        }
    }
    throw unauthorized('Access denied: invalid signature');
}
function checkTimes(claims, seconds) {
    const { nbf, exp } = claims;
    if (typeof nbf === 'number' && nbf > seconds)
        throw unauthorized('Access denied: jwt not active');
    if (typeof exp === 'number' && seconds >= exp)
        throw unauthorized('Access denied: jwt expired');
}
function checkBindings(claims, auth) {
    if (auth.boundSubject !== '' && !matchesPolicy(String(claims['sub']), auth.boundSubject)) {
        throw forbidden('Access denied: OIDC subject not allowed.');
    }
    const audiences = [claims['aud']].flat();
    if (auth.boundAudiences !== '' && !auth.boundAudiences.split(', ').some((one) => audiences.includes(one))) {
        throw unauthorized('Access denied: OIDC audience not allowed.');
    }
    for (const [name, bound] of Object.entries(auth.boundClaims)) {
        const value = name
            .split('.')
            .reduce((at, key) => at?.[key], claims);
        if (!value)
            throw unauthorized(`Access denied: token has no ${name} field`);
        if (!bound.split(', ').some((one) => matchesPolicy(String(value), one))) {
            throw unauthorized('Access denied: OIDC claim not allowed.');
        }
    }
}

;// CONCATENATED MODULE: ./build/rehearsal/stand-ins/infisical-server.js

/** A path, its groups being the parts that are named. */
function exactly(path) {
    return new RegExp(`^${path}/?$`);
}
/** The identity that asks, by its access token. */
function callerOf({ tokens }, { call }) {
    return tokens.identify(bearerOf(call));
}

;// CONCATENATED MODULE: ./build/rehearsal/stand-ins/infisical-auth-routes.js





const ua = '/api/v1/auth/universal-auth/identities/([^/]+)';
/** Logins, access tokens and client secrets. */
const authRoutes = [
    ['POST', exactly('/api/v1/auth/oidc-auth/login'), logInByOidc],
    ['POST', exactly('/api/v1/auth/universal-auth/login'), logInByClientSecret],
    ['POST', exactly('/api/v1/auth/token/renew'), renewToken],
    ['POST', exactly('/api/v1/auth/token/revoke'), revokeToken],
    ['GET', exactly(ua), getUniversalAuth],
    ['POST', exactly(`${ua}/client-secrets`), createClientSecret],
    ['GET', exactly(`${ua}/client-secrets`), listClientSecrets],
    ['GET', exactly(`${ua}/client-secrets/([^/]+)`), getClientSecret],
    ['POST', exactly(`${ua}/client-secrets/([^/]+)/revoke`), revokeClientSecret],
    ['POST', exactly(`${ua}/clear-lockouts`), clearLockouts],
];
const oidcLogin = schemas/* object */.Ikc({ identityId: schemas/* string */.YjP().trim().min(1), jwt: schemas/* string */.YjP().trim().min(1) });
async function logInByOidc({ config, faults, tokens, now }, { call }) {
    const body = await readBody(call);
    const { identityId, jwt } = parseRequest(oidcLogin, faults.strikes('422') ? {} : body);
    const identity = config.identities.find(({ id }) => id === identityId);
    if (identity?.oidc === undefined || faults.strikes('404-no-oidc')) {
        throw notFound('OIDC auth method not found for identity, did you configure OIDC auth?');
    }
    await verifyIdToken(jwt, {
        ...identity.oidc,
        ...(faults.strikes('401-audience') ? { boundAudiences: 'https://another-audience.invalid' } : {}),
        ...(faults.strikes('401-issuer') ? { boundIssuer: 'https://another-issuer.invalid' } : {}),
        ...(faults.strikes('401-claim') ? { boundClaims: { repository_id: '0' } } : {}),
        ...(faults.strikes('403-subject') ? { boundSubject: 'repo:somebody/else:ref:refs/heads/main' } : {}),
    }, now());
    call.note(`identity ${identity.name}`);
    return await tokens.issue(identity);
}
const uaLogin = schemas/* object */.Ikc({ clientId: schemas/* string */.YjP().trim().min(1), clientSecret: schemas/* string */.YjP().trim().min(1) });
async function logInByClientSecret(server, { call }) {
    const { clientId, clientSecret } = parseRequest(uaLogin, await readBody(call));
    const given = server.faults.strikes('cluster-login') ? '' : clientSecret;
    const { identity, clientSecretId } = server.clientSecrets.logIn(clientId, given);
    call.note(`identity ${identity.name}`);
    return await server.tokens.issue(identity, clientSecretId);
}
const tokenBody = schemas/* object */.Ikc({ accessToken: schemas/* string */.YjP().trim() });
async function renewToken({ tokens }, { call }) {
    return await tokens.renew(parseRequest(tokenBody, await readBody(call)).accessToken);
}
async function revokeToken({ tokens, faults }, { call }) {
    const { accessToken } = parseRequest(tokenBody, await readBody(call));
    if (faults.strikes('no-revoke'))
        throw new InfisicalRefusal(500, 'InternalServerError', 'Something went wrong');
    await tokens.revoke(accessToken);
    return { message: 'Successfully revoked access token' };
}
async function getUniversalAuth(server, asked) {
    await callerOf(server, asked);
    const clientId = server.clientSecrets.clientIdOf(asked.id);
    return { identityUniversalAuth: { identityId: asked.id, clientId } };
}
const newClientSecret = schemas/* object */.Ikc({
    description: schemas/* string */.YjP().trim().default(''),
    numUsesLimit: schemas/* number */.aig().int().min(0).default(0),
    ttl: schemas/* number */.aig().int().min(0).max(315_360_000).default(0),
});
async function createClientSecret(server, asked) {
    const by = await callerOf(server, asked);
    const wanted = parseRequest(newClientSecret, await readBody(asked.call));
    return server.clientSecrets.create(by, asked.id, wanted);
}
async function listClientSecrets(server, asked) {
    return { clientSecretData: server.clientSecrets.list(await callerOf(server, asked), asked.id) };
}
async function getClientSecret(server, asked) {
    return {
        clientSecretData: server.clientSecrets.get(await callerOf(server, asked), asked.id, asked.second),
    };
}
async function revokeClientSecret(server, asked) {
    const clientSecretData = server.clientSecrets.revoke(await callerOf(server, asked), asked.id, asked.second);
    server.tokens.revokeOfClientSecret(asked.second);
    return { clientSecretData };
}
async function clearLockouts(server, asked) {
    return { deleted: server.clientSecrets.clearLockouts(await callerOf(server, asked), asked.id) };
}

;// CONCATENATED MODULE: ./build/rehearsal/stand-ins/infisical-client-secrets.js


/** Universal auth: client ids, their secrets and their lockouts (services/identity-ua). Times in milliseconds. */
function createClientSecrets(identities, now) {
    const accounts = identities.flatMap((identity) => {
        const auth = identity.universalAuth;
        if (auth === undefined)
            return [];
        return [
            { identity, auth, secrets: auth.clientSecrets.map((one) => make(one, now())), lockout: undefined },
        ];
    });
    const accountOf = (by, identityId, action) => {
        if (by.role !== 'admin')
            throw permissionDenied(action, 'identity');
        const account = accounts.find(({ identity }) => identity.id === identityId);
        if (account === undefined)
            throw notFound(`Failed to find identity with ID ${identityId}`);
        return account;
    };
    const secretOf = ({ secrets }, id) => {
        const secret = secrets.find((one) => one.id === id);
        if (secret === undefined)
            throw notFound(`Client secret with ID '${id}' not found`);
        return secret;
    };
    return {
        logIn(clientId, given) {
            const account = accounts.find(({ auth }) => auth.clientId === clientId);
            if (account === undefined)
                throw unauthorized('Invalid credentials');
            if (account.lockout && account.lockout.until <= now())
                account.lockout = undefined;
            if (account.lockout?.locked)
                throw locked();
            const secret = account.secrets.find((one) => !one.revoked && one.secret === given);
            if (secret === undefined) {
                countFailure(account, now());
                throw unauthorized('Invalid credentials');
            }
            account.lockout = undefined;
            if (secret.ttl > 0 && now() > secret.createdAt + secret.ttl * 1000) {
                secret.revoked = true;
                throw unauthorized('Access denied due to expired client secret');
            }
            if (secret.numUsesLimit > 0 && secret.uses >= secret.numUsesLimit) {
                secret.revoked = true;
                throw unauthorized('Access denied due to client secret usage limit reached');
            }
            secret.uses += 1;
            return { identity: account.identity, clientSecretId: secret.id };
        },
        clientIdOf(identityId) {
            const account = accounts.find(({ identity }) => identity.id === identityId);
            if (account === undefined)
                throw notFound(`Failed to find identity with ID ${identityId}`);
            return account.auth.clientId;
        },
        create(by, identityId, wanted) {
            const account = accountOf(by, identityId, 'create-token');
            const secret = make({ ...wanted, secret: (0,external_node_crypto_.randomBytes)(32).toString('hex') }, now());
            account.secrets.push(secret);
            return { clientSecret: secret.secret, clientSecretData: shown(secret) };
        },
        list: (by, identityId) => accountOf(by, identityId, 'get-token')
            .secrets.filter(({ revoked }) => !revoked)
            .map(shown),
        get: (by, identityId, id) => shown(secretOf(accountOf(by, identityId, 'get-token'), id)),
        revoke(by, identityId, id) {
            const secret = secretOf(accountOf(by, identityId, 'delete-token'), id);
            secret.revoked = true;
            return shown(secret);
        },
        clearLockouts(by, identityId) {
            const account = accountOf(by, identityId, 'edit');
            const deleted = account.lockout === undefined ? 0 : 1;
            account.lockout = undefined;
            return deleted;
        },
    };
}
function make(of, createdAt) {
    return { ...of, id: (0,external_node_crypto_.randomUUID)(), createdAt, uses: 0, revoked: false };
}
function countFailure(account, now) {
    const { lockoutEnabled, lockoutThreshold, lockoutDurationSeconds, lockoutCounterResetSeconds } = account.auth;
    if (!lockoutEnabled)
        return;
    const failures = (account.lockout?.failures ?? 0) + 1;
    const isLocked = failures >= lockoutThreshold;
    const seconds = isLocked ? lockoutDurationSeconds : lockoutCounterResetSeconds;
    account.lockout = { failures, locked: isLocked, until: now + seconds * 1000 };
}
function locked() {
    return unauthorized('This identity auth method is temporarily locked, please try again later');
}
function shown(secret) {
    const createdAt = new Date(secret.createdAt).toISOString();
    return {
        id: secret.id,
        createdAt,
        updatedAt: createdAt,
        description: secret.description,
        clientSecretPrefix: secret.secret.slice(0, 4),
        clientSecretNumUses: secret.uses,
        clientSecretNumUsesLimit: secret.numUsesLimit,
        clientSecretTTL: secret.ttl,
        identityUAId: secret.id,
        isClientSecretRevoked: secret.revoked,
    };
}

;// CONCATENATED MODULE: ./build/rehearsal/stand-ins/infisical-config.js

const tokenTtl = schemas/* number */.aig().int().positive().max(315_360_000);
const oidcAuth = schemas/* strictObject */.rej({
    /** Where `/.well-known/openid-configuration` is fetched. */
    discoveryUrl: schemas/* url */.OZ5(),
    boundIssuer: schemas/* string */.YjP(),
    /** Empty lets every subject in; so does Infisical. */
    boundSubject: schemas/* string */.YjP().default(''),
    /** Separated by comma and space; empty lets every audience in. */
    boundAudiences: schemas/* string */.YjP().default(''),
    boundClaims: schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* string */.YjP()).default({}),
});
const universalAuth = schemas/* strictObject */.rej({
    clientId: schemas/* string */.YjP().min(1),
    clientSecrets: schemas/* array */.YOg(schemas/* strictObject */.rej({
        secret: schemas/* string */.YjP().min(1),
        description: schemas/* string */.YjP().default(''),
        /** Seconds; 0 is for ever. */
        ttl: schemas/* number */.aig().int().nonnegative().default(0),
        numUsesLimit: schemas/* number */.aig().int().nonnegative().default(0),
    }))
        .default([]),
    lockoutEnabled: schemas/* boolean */.zMY().default(true),
    lockoutThreshold: schemas/* number */.aig().int().positive().default(3),
    lockoutDurationSeconds: schemas/* number */.aig().int().positive().default(300),
    lockoutCounterResetSeconds: schemas/* number */.aig().int().positive().default(30),
});
const identity = schemas/* strictObject */.rej({
    id: schemas/* string */.YjP().min(1),
    name: schemas/* string */.YjP().default('box'),
    /** In the project: `admin` also makes client secrets, `describe` sees keys without values, `none` reads nothing. */
    role: schemas/* enum */.k5n(['admin', 'read', 'describe', 'none', 'not-a-member']).default('read'),
    accessTokenTTL: tokenTtl.default(3600),
    accessTokenMaxTTL: tokenTtl.default(3600),
    oidc: oidcAuth.optional(),
    universalAuth: universalAuth.optional(),
});
const secret = schemas/* strictObject */.rej({
    environment: schemas/* string */.YjP().min(1),
    path: schemas/* string */.YjP().startsWith('/').default('/'),
    key: schemas/* string */.YjP().min(1),
    value: schemas/* string */.YjP(),
});
const scope = schemas/* strictObject */.rej({ environment: schemas/* string */.YjP().min(1), path: schemas/* string */.YjP().startsWith('/') });
const infisicalConfig = schemas/* strictObject */.rej({
    project: schemas/* strictObject */.rej({ id: schemas/* string */.YjP().min(1), slug: schemas/* string */.YjP().min(1) }),
    identities: schemas/* array */.YOg(identity),
    secrets: schemas/* array */.YOg(secret),
    /** Folder `into` imports folder `from`; later imports win over earlier ones. */
    imports: schemas/* array */.YOg(schemas/* strictObject */.rej({ into: scope, from: scope })).default([]),
    faults: schemas/* array */.YOg(schemas/* string */.YjP()).default([]),
});

;// CONCATENATED MODULE: ./build/rehearsal/stand-ins/infisical-secrets.js


/** Everything that is listed for `identity` in `scope`, the silent 200s of the real server included. */
function listSecrets(config, faults, identity, scope) {
    assertMember(config, faults, identity, scope);
    const nothing = { secrets: [], imports: [] };
    if (identity.role === 'none' || faults.strikes('no-read') || faults.strikes('missing-folder'))
        return nothing;
    const show = shower(config, faults, identity, scope);
    const here = config.secrets.filter((one) => isIn(one, scope.environment, scope.path, scope.recursive));
    const imports = importsOf(config, scope).map(({ from }) => ({
        secretPath: from.path,
        environment: from.environment,
        folderId: idOf(from.environment, from.path),
        secrets: config.secrets.filter((one) => isIn(one, from.environment, from.path, false)).map(show),
    }));
    return { secrets: here.map(show), imports };
}
/** One secret by its key; its folder's own first, then the imports from the last. */
function getSecret(config, faults, identity, scope, key) {
    assertMember(config, faults, identity, scope);
    if (identity.role === 'none' || faults.strikes('no-read'))
        throw permissionDenied('read', 'secrets');
    const missing = faults.strikes('missing-secret') || (scope.version === 'v3' && faults.strikes('cluster-missing'));
    const folders = [
        { environment: scope.environment, path: scope.path },
        ...importsOf(config, scope)
            .map(({ from }) => from)
            .reverse(),
    ];
    const found = folders.flatMap((folder) => config.secrets.filter((one) => one.key === key && isIn(one, folder.environment, folder.path, false)))[0];
    if (found === undefined || missing)
        throw notFound(`Secret with name '${key}' not found`);
    return { secret: shower(config, faults, identity, scope)(found) };
}
function assertMember(config, faults, identity, scope) {
    const { id, slug } = config.project;
    if (scope.projectId !== id && scope.projectSlug !== slug) {
        throw notFound(scope.projectId === undefined
            ? `Project with slug '${scope.projectSlug}' not found`
            : `Project with ID '${scope.projectId}' not found`);
    }
    if (identity.role === 'not-a-member' || faults.strikes('403-not-a-member')) {
        throw forbidden('You are not a member of this project');
    }
}
function shower(config, faults, identity, scope) {
    const cluster = scope.version === 'v3';
    const empty = faults.strikes('empty-secret') || (cluster && faults.strikes('cluster-empty'));
    const renamed = faults.strikes('missing-secret') || (cluster && faults.strikes('cluster-missing'));
    const hidden = identity.role === 'describe' || !scope.view || faults.strikes('hidden');
    return (stored) => {
        const id = idOf(stored.environment, stored.path, stored.key);
        const value = hidden ? '<hidden-by-infisical>' : stored.value;
        return {
            id,
            _id: id,
            workspace: config.project.id,
            environment: stored.environment,
            version: 1,
            type: 'shared',
            secretKey: renamed ? `${stored.key}_OLD` : stored.key,
            secretValue: empty ? '' : value,
            secretComment: '',
            secretPath: stored.path,
            secretValueHidden: hidden,
            createdAt: '2026-01-01T00:00:00.000Z',
            updatedAt: '2026-01-01T00:00:00.000Z',
            secretMetadata: [],
            tags: [],
        };
    };
}
function importsOf(config, scope) {
    if (!scope.imports)
        return [];
    return config.imports.filter(({ into }) => into.environment === scope.environment && folderOf(into.path) === folderOf(scope.path));
}
function isIn(stored, environment, path, recursive) {
    const folder = folderOf(path);
    const of = folderOf(stored.path);
    return stored.environment === environment && (of === folder || (recursive && of.startsWith(folder)));
}
function folderOf(path) {
    return path.endsWith('/') ? path : `${path}/`;
}
/** The same id for the same place in every run. */
function idOf(...parts) {
    const hex = (0,external_node_crypto_.createHash)('sha256').update(parts.join('\0')).digest('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

;// CONCATENATED MODULE: ./build/rehearsal/stand-ins/infisical-secret-routes.js




/** Secrets by API v4 (current) and v3 (what External Secrets Operator's client calls), and projects by slug. */
const secretRoutes = [
    ['GET', exactly('/api/v4/secrets'), listV4],
    ['GET', exactly('/api/v4/secrets/([^/]+)'), getV4],
    ['GET', exactly('/api/v3/secrets/raw'), listV3],
    ['GET', exactly('/api/v3/secrets/raw/([^/]+)'), getV3],
    ['GET', exactly('/api/v1/projects/slug/([^/]+)'), getProject],
    ['GET', exactly('/api/v1/workspace/slug/([^/]+)'), getProject],
];
const query = schemas/* object */.Ikc({
    environment: schemas/* string */.YjP().trim().min(1),
    secretPath: schemas/* string */.YjP().default('/'),
    viewSecretValue: schemas/* enum */.k5n(['true', 'false']).default('true'),
    recursive: schemas/* enum */.k5n(['true', 'false']).default('false'),
    include_imports: schemas/* enum */.k5n(['true', 'false']).optional(),
    includeImports: schemas/* enum */.k5n(['true', 'false']).optional(),
    projectId: schemas/* string */.YjP().optional(),
    workspaceId: schemas/* string */.YjP().optional(),
    workspaceSlug: schemas/* string */.YjP().optional(),
});
const queryV4 = query.extend({ projectId: schemas/* string */.YjP().min(1) });
function scopeOf({ call }, version) {
    const schema = version === 'v4' ? queryV4 : query;
    const asked = parseRequest(schema, Object.fromEntries(call.url.searchParams));
    const projectId = (version === 'v4' ? asked.projectId : asked.workspaceId) || undefined;
    const projectSlug = (version === 'v4' ? undefined : asked.workspaceSlug) || undefined;
    if (projectId === undefined && projectSlug === undefined)
        throw badRequest('Missing workspace id');
    return {
        version,
        projectId,
        projectSlug,
        environment: asked.environment,
        path: asked.secretPath,
        view: asked.viewSecretValue === 'true',
        imports: (asked.includeImports ?? asked.include_imports) === 'true',
        recursive: asked.recursive === 'true',
    };
}
async function listOf(server, asked, version) {
    return listSecrets(server.config, server.faults, await callerOf(server, asked), scopeOf(asked, version));
}
async function getOf(server, asked, version) {
    const identity = await callerOf(server, asked);
    return getSecret(server.config, server.faults, identity, scopeOf(asked, version), asked.id);
}
async function listV4(server, asked) {
    return await listOf(server, asked, 'v4');
}
async function getV4(server, asked) {
    return await getOf(server, asked, 'v4');
}
async function listV3(server, asked) {
    return await listOf(server, asked, 'v3');
}
async function getV3(server, asked) {
    return await getOf(server, asked, 'v3');
}
async function getProject(server, asked) {
    await callerOf(server, asked);
    const { project } = server.config;
    if (project.slug !== asked.id)
        throw notFound(`Project with slug '${asked.id}' not found`);
    return { id: project.id, _id: project.id, slug: project.slug, name: project.slug };
}

// EXTERNAL MODULE: ./node_modules/jose/dist/webapi/jwt/verify.js
var jwt_verify = __webpack_require__(4605);
// EXTERNAL MODULE: ./node_modules/jose/dist/webapi/util/errors.js
var util_errors = __webpack_require__(5674);
;// CONCATENATED MODULE: ./build/rehearsal/stand-ins/infisical-tokens.js




const claims = schemas/* object */.Ikc({ identityAccessTokenId: schemas/* string */.YjP(), identityId: schemas/* string */.YjP() });
/** `bornExpired` is asked for every token: one that has already run out when it is given. */
function createTokens(now, bornExpired) {
    const key = (0,external_node_crypto_.randomBytes)(32);
    const issued = new Map();
    async function sign(id, { identity }) {
        const { accessTokenTTL, accessTokenMaxTTL } = identity;
        const iat = Math.floor(now() / 1000) - (bornExpired() ? accessTokenTTL + 1 : 0);
        const accessToken = await new jwt_sign/* SignJWT */.P({
            identityId: identity.id,
            identityAccessTokenId: id,
            authTokenType: 'identityAccessToken',
        })
            .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
            .setIssuedAt(iat)
            .setExpirationTime(iat + accessTokenTTL)
            .sign(key);
        return { accessToken, expiresIn: accessTokenTTL, accessTokenMaxTTL, tokenType: 'Bearer' };
    }
    async function idOf(token) {
        try {
            const { payload } = await (0,jwt_verify/* jwtVerify */.V)(token, key, {
                algorithms: ['HS256'],
                currentDate: new Date(now()),
            });
            return claims.parse(payload).identityAccessTokenId;
        }
        catch (error) {
            throw tokenError(error instanceof util_errors/* JWTExpired */.n
                ? 'Your token has expired. Please re-authenticate.'
                : 'The provided access token is malformed. Please use a valid token or generate a new one and try again.');
        }
    }
    return {
        async issue(identity, clientSecretId) {
            const id = (0,external_node_crypto_.randomUUID)();
            const entry = { identity, clientSecretId, createdAt: now() };
            issued.set(id, entry);
            return await sign(id, entry);
        },
        async identify(token) {
            if (token === undefined)
                throw unauthorized('Token missing');
            const entry = issued.get(await idOf(token));
            if (entry === undefined)
                throw unauthorized('No identity access token found');
            return entry.identity;
        },
        async renew(token) {
            const id = await idOf(token);
            const entry = issued.get(id);
            if (entry === undefined)
                throw unauthorized();
            const { accessTokenTTL, accessTokenMaxTTL } = entry.identity;
            if (now() + accessTokenTTL * 1000 > entry.createdAt + accessTokenMaxTTL * 1000) {
                issued.delete(id);
                throw unauthorized('Failed to renew MI access token past its Max TTL expiration');
            }
            return await sign(id, entry);
        },
        async revoke(token) {
            if (!issued.delete(await idOf(token)))
                throw unauthorized('No identity access token found');
        },
        revokeOfClientSecret(clientSecretId) {
            for (const [id, entry] of issued)
                if (entry.clientSecretId === clientSecretId)
                    issued.delete(id);
        },
    };
}

;// CONCATENATED MODULE: ./build/rehearsal/stand-ins/infisical.js









/**
 * Infisical's HTTP API as far as Phoenix and External Secrets Operator's client (go-sdk: universal-auth login, v3 raw
 * secrets, token/revoke) use it. Statuses, bodies and words are those of the real server's source.
 */
async function startInfisical(config, options = {}) {
    const parsed = infisicalConfig.parse(config);
    const faults = (0,stand_ins_faults/* planFaults */.hf)('infisical', parsed.faults);
    const real = options.now ?? Date.now;
    const skewMs = faults.strikes('skew') ? 600_000 : 0;
    const now = () => real() + skewMs;
    const server = {
        config: parsed,
        faults,
        now,
        tokens: createTokens(now, () => faults.strikes('expired-token')),
        clientSecrets: createClientSecrets(parsed.identities, now),
    };
    return await serve({ onRequest: options.onRequest, handle: (call) => answer(server, call) });
}
async function answer(server, call) {
    const { faults } = server;
    const path = call.url.pathname;
    call.response.setHeader('date', new Date(server.now()).toUTCString());
    if (path === '/api/status')
        return sendJson(call, 200, { message: 'Ok', date: new Date(server.now()) });
    if (await breakCall(call, faults.strikes))
        return;
    const reqId = `req-${(0,external_node_crypto_.randomBytes)(7).toString('hex')}`;
    try {
        strikeAll(faults, call);
        const found = findRoute(call, faults);
        const body = await found.route(server, { call, id: found.id, second: found.second });
        if (!faults.strikes('truncated'))
            return sendJson(call, 200, body);
        const text = JSON.stringify(body);
        call.response.writeHead(200, { 'content-type': 'application/json' });
        call.response.end(text.slice(0, text.length / 2));
    }
    catch (error) {
        if (!(error instanceof InfisicalRefusal))
            throw error;
        call.note(error.message);
        const headers = error.status === 429
            ? {
                'retry-after': '1',
                'x-ratelimit-limit': '60',
                'x-ratelimit-remaining': '0',
                'x-ratelimit-reset': '1',
            }
            : {};
        if (error.status === 302)
            headers['location'] = 'http://127.0.0.1/login';
        sendJson(call, error.status, { reqId, ...error.body }, headers);
    }
}
function strikeAll(faults, call) {
    const strike = (kind, refusal) => {
        if (!faults.strikes(kind))
            return;
        call.note(`fault ${kind}`);
        throw refusal;
    };
    strike('429', new InfisicalRefusal(429, 'RateLimitExceeded', 'Rate limit exceeded. Please try again in 1 seconds'));
    strike('500', new InfisicalRefusal(500, 'InternalServerError', 'Something went wrong'));
    strike('redirect', new InfisicalRefusal(302, '', ''));
}
function findRoute(call, faults) {
    const { pathname } = call.url;
    const older = pathname.startsWith('/api/v4/') && faults.strikes('no-v4');
    for (const [method, path, route] of older ? [] : [...authRoutes, ...secretRoutes]) {
        const match = method === call.request.method ? path.exec(pathname) : null;
        if (match)
            return { route, id: decodeURIComponent(match[1] ?? ''), second: decodeURIComponent(match[2] ?? '') };
    }
    throw new InfisicalRefusal(404, 'Not Found', `Route ${call.request.method}:${pathname} not found`);
}

;// CONCATENATED MODULE: ./build/rehearsal/stand-ins/registry.js





/** The one JSON object that a stand-in's process is given, in a file in RAM: it holds the secrets it serves. */
const standInConfig = schemas/* discriminatedUnion */.gMt('kind', [
    schemas/* strictObject */.rej({ kind: schemas/* literal */.euz('github-oidc'), config: githubOidcConfig }),
    schemas/* strictObject */.rej({ kind: schemas/* literal */.euz('infisical'), config: infisicalConfig }),
    schemas/* strictObject */.rej({ kind: schemas/* literal */.euz('git'), config: gitConfig }),
]);
/** Starts the stand-in that `config` describes. */
async function startStandIn(config, options = {}) {
    switch (config.kind) {
        case 'github-oidc': {
            const standIn = await startGithubOidc(config.config, options);
            return { ...standIn, main: standIn.requestUrl };
        }
        case 'infisical': {
            const standIn = await startInfisical(config.config, options);
            return { ...standIn, main: standIn.url };
        }
        case 'git': {
            const standIn = await startGit(config.config, options);
            return { ...standIn, main: standIn.repository };
        }
    }
}

;// CONCATENATED MODULE: ./build/rehearsal/stand-in-process.js
var __addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var __disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});



/**
 * The hidden command `stand-in NAME`: reads its configuration (a StandInConfig) from the first line of stdin, prints its
 * addresses when it listens, logs each request (never its content) to stderr, and ends at the end of stdin. NAME only
 * tells the processes apart for whoever lists them. Returns the exit code.
 */
async function runStandIn(name) {
    const lines = (0,external_node_readline_.createInterface)({ input: process.stdin });
    const closed = new Promise((resolve) => {
        lines.once('close', resolve);
        for (const signal of ['SIGTERM', 'SIGINT'])
            process.once(signal, () => resolve());
    });
    const first = new Promise((resolve) => {
        lines.once('line', resolve);
    });
    const text = await Promise.race([first, closed]);
    if (text === undefined)
        return 0;
    try {
        const env_1 = { stack: [], error: void 0, hasError: false };
        try {
            const standIn = __addDisposableResource(env_1, await startStandIn(standInConfig.parse(JSON.parse(text)), {
                onRequest: (record) => process.stderr.write(`${JSON.stringify(record)}\n`),
            }), true);
            const said = { url: standIn.url, main: standIn.main };
            process.stdout.write(`${JSON.stringify(said)}\n`);
            await closed;
            return 0;
        }
        catch (e_1) {
            env_1.error = e_1;
            env_1.hasError = true;
        }
        finally {
            const result_1 = __disposeResources(env_1);
            if (result_1)
                await result_1;
        }
    }
    catch (error) {
        process.stderr.write(`stand-in ${name}: ${(0,errors/* messageOf */.bD)(error)}\n`);
        return 1;
    }
}


/***/ })

};
