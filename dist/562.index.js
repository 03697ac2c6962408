export const id = 562;
export const ids = [562];
export const modules = {

/***/ 3562:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  runBoxHost: () => (/* binding */ runBoxHost)
});

// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(1455);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(6760);
// EXTERNAL MODULE: external "node:readline"
var external_node_readline_ = __webpack_require__(481);
// EXTERNAL MODULE: ./build/errors.js
var errors = __webpack_require__(9473);
// EXTERNAL MODULE: ./build/process-identity.js
var process_identity = __webpack_require__(5040);
// EXTERNAL MODULE: external "node:events"
var external_node_events_ = __webpack_require__(8474);
// EXTERNAL MODULE: external "node:http"
var external_node_http_ = __webpack_require__(7067);
// EXTERNAL MODULE: ./build/rehearsal/host-protocol.js
var host_protocol = __webpack_require__(5509);
;// CONCATENATED MODULE: ./build/rehearsal/api.js




/** `sun_path` holds 108 bytes on Linux and 104 on macOS, with the final zero. */
const longestSocketPath = 103;
/**
 * HTTP on a unix socket in the box's RAM directory, so that only the user who owns that directory can ask.
 * `GET /processes`; `POST /machine` answers JSON lines while it works; `DELETE /machine`.
 */
async function serveHostApi(socket, requests) {
    if (Buffer.byteLength(socket) > longestSocketPath) {
        throw new errors/* PhoenixError */.Uy({
            code: 'PHX-BOX-SOCKET-PATH',
            class: 'input',
            what: `The box cannot listen on ${socket}.`,
            why: `The path of a unix socket has at most ${longestSocketPath} bytes; this one has ${Buffer.byteLength(socket)}.`,
            next: 'Set PHOENIX_VAULT to a RAM directory with a shorter path.',
        });
    }
    const server = (0,external_node_http_.createServer)((request, response) => {
        answer(requests, request, response).catch((error) => {
            if (!response.headersSent)
                response.writeHead(500);
            response.end(line({ error: shapeOf(error) }));
        });
    });
    // A machine takes seconds, and its lines come as it grows: no default timeout of HTTP fits.
    server.requestTimeout = 0;
    server.listen(socket);
    await (0,external_node_events_.once)(server, 'listening');
    return {
        async [Symbol.asyncDispose]() {
            server.close();
            server.closeAllConnections();
        },
    };
}
async function answer(requests, request, response) {
    const body = await bodyOf(request);
    switch (`${request.method} ${request.url}`) {
        case 'GET /processes':
            response.writeHead(200, { 'content-type': 'application/json' });
            response.end(JSON.stringify(requests.processes().map(({ name, pid }) => ({ name, pid }))));
            return;
        case 'POST /machine': {
            const { id, port } = host_protocol/* machineRequest */.jG.parse(JSON.parse(body));
            response.writeHead(200, { 'content-type': 'application/x-ndjson' });
            const machine = await requests.createMachine(id, port, (progress) => response.write(line({ progress })));
            response.end(line({ machine }));
            return;
        }
        case 'DELETE /machine':
            await requests.deleteMachine();
            response.writeHead(204).end();
            return;
        default:
            response.writeHead(404).end();
    }
}
async function bodyOf(request) {
    const chunks = [];
    for await (const chunk of request)
        chunks.push(chunk);
    return Buffer.concat(chunks).toString();
}
const line = (value) => `${JSON.stringify(value)}\n`;
/** An error as it crosses to another process: without stack and cause. */
function shapeOf(thrown) {
    return host_protocol/* errorShape */.o8.parse((0,errors/* toPhoenixError */.Nv)(thrown));
}

// EXTERNAL MODULE: external "node:timers/promises"
var external_node_timers_promises_ = __webpack_require__(8500);
// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(7598);
;// CONCATENATED MODULE: ./build/rehearsal/control-plane-flags.js
const serviceRange = '10.43.0.0/24';
/** What the `kubernetes` Service gets: the API server's certificate is valid for it. */
const firstServiceAddress = '10.43.0.1';
/** `path` gives the place of a file of `writeControlPlaneFiles`. */
function etcdFlags(path, port, peerPort) {
    const client = `https://127.0.0.1:${port}`;
    const peer = `https://127.0.0.1:${peerPort}`;
    return [
        '--name=box',
        `--data-dir=${path('etcd')}`,
        `--listen-client-urls=${client}`,
        `--advertise-client-urls=${client}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=box=${peer}`,
        `--cert-file=${path('etcd.crt')}`,
        `--key-file=${path('etcd.key')}`,
        '--client-cert-auth',
        `--trusted-ca-file=${path('etcd-ca.crt')}`,
        `--peer-cert-file=${path('etcd.crt')}`,
        `--peer-key-file=${path('etcd.key')}`,
        '--peer-client-cert-auth',
        `--peer-trusted-ca-file=${path('etcd-ca.crt')}`,
        '--log-level=warn',
        // The data is in RAM and ends with the box: there is nothing to sync to.
        '--unsafe-no-fsync',
        // A member alone elects itself after one election timeout, 1 s by default.
        '--heartbeat-interval=20',
        '--election-timeout=200',
    ];
}
/** TLS only, RBAC only, no anonymous requests, no static tokens. */
function apiServerFlags(path, etcdPort, port) {
    return [
        '--bind-address=127.0.0.1',
        `--secure-port=${port}`,
        '--advertise-address=127.0.0.1',
        // The `kubernetes` Service gets no endpoints: loopback is not allowed there, and no pod would read them.
        '--endpoint-reconciler-type=none',
        `--service-cluster-ip-range=${serviceRange}`,
        `--tls-cert-file=${path('apiserver.crt')}`,
        `--tls-private-key-file=${path('apiserver.key')}`,
        `--client-ca-file=${path('ca.crt')}`,
        '--anonymous-auth=false',
        '--authorization-mode=RBAC',
        `--etcd-servers=https://127.0.0.1:${etcdPort}`,
        `--etcd-cafile=${path('etcd-ca.crt')}`,
        `--etcd-certfile=${path('etcd-client.crt')}`,
        `--etcd-keyfile=${path('etcd-client.key')}`,
        '--service-account-issuer=https://kubernetes.default.svc',
        `--service-account-signing-key-file=${path('tokens.key')}`,
        `--service-account-key-file=${path('tokens.pub')}`,
        `--encryption-provider-config=${path('encryption.json')}`,
        '--profiling=false',
        // There is no second API server to tell apart: its lease and the wait for it are left out.
        '--feature-gates=APIServerIdentity=false',
    ];
}

// EXTERNAL MODULE: external "node:net"
var external_node_net_ = __webpack_require__(7030);
;// CONCATENATED MODULE: ./build/rehearsal/der.js
/**
 * The few DER encodings that a certificate needs (X.690). Phoenix writes its own certificates because the
 * libraries that do so bring more code, and more start-up time, than the whole host process has otherwise.
 */
function tagged(tag, content) {
    const { length } = content;
    if (length < 0x80)
        return Buffer.concat([Buffer.from([tag, length]), content]);
    const digits = length.toString(16);
    const octets = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
    return Buffer.concat([Buffer.from([tag, 0x80 | octets.length]), octets, content]);
}
const sequence = (...items) => tagged(0x30, Buffer.concat(items));
const set = (...items) => tagged(0x31, Buffer.concat(items));
const octets = (content) => tagged(0x04, content);
const utf8 = (text) => tagged(0x0c, Buffer.from(text));
const der_boolean = (value) => tagged(0x01, Buffer.from([value ? 0xff : 0]));
/** An element of a CHOICE or an optional field: `[number]`, explicit unless it wraps bare bytes. */
const context = (number, content, constructed = true) => tagged((constructed ? 0xa0 : 0x80) | number, content);
/** A non-negative integer from its big-endian bytes; DER wants no needless zero and no sign bit. */
function integer(bytes) {
    const first = bytes.findIndex((byte) => byte !== 0);
    const minimal = first === -1 ? Buffer.from([0]) : bytes.subarray(first);
    const negative = ((minimal[0] ?? 0) & 0x80) !== 0;
    return tagged(0x02, negative ? Buffer.concat([Buffer.from([0]), minimal]) : minimal);
}
const bits = (content, unused = 0) => tagged(0x03, Buffer.concat([Buffer.from([unused]), content]));
/** An object identifier from its dotted form, e.g. `2.5.29.17`. */
function oid(dotted) {
    const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
    const base128 = (value) => {
        const septets = [value & 0x7f];
        for (let left = value >>> 7; left > 0; left >>>= 7)
            septets.unshift((left & 0x7f) | 0x80);
        return septets;
    };
    return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}
/** UTCTime where RFC 5280 wants it: dates before 2050, to the second. */
function utcTime(date) {
    const text = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
    return tagged(0x17, Buffer.from(text.slice(2)));
}

;// CONCATENATED MODULE: ./build/rehearsal/pki.js



const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
const purposes = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' };
const lifetimeMs = 24 * 60 * 60 * 1000;
/** A peer whose clock is a little behind must not refuse a certificate made this second. */
const backdateMs = 5 * 60 * 1000;
/** A certificate authority that lives in memory and for one box: its own key is never written anywhere. */
function createAuthority(commonName) {
    const issuer = { commonName };
    const keys = newKeys();
    const issue = (subject, publicKey, extensions) => certify({ issuer, signer: keys.privateKey, subject, publicKey, extensions });
    const leaf = (subject, uses, hosts) => {
        const own = newKeys();
        const extensions = [
            extension('2.5.29.15', true, bits(Buffer.from([0x80]), 7)),
            extension('2.5.29.37', false, sequence(...uses.map((use) => oid(purposes[use])))),
            ...(hosts.length === 0 ? [] : [extension('2.5.29.17', false, sequence(...hosts.map(generalName)))]),
        ];
        return { certificate: issue(subject, own.publicKey, extensions), key: privateKeyPem(own.privateKey) };
    };
    return {
        certificate: issue(issuer, keys.publicKey, [
            extension('2.5.29.19', true, sequence(der_boolean(true))),
            extension('2.5.29.15', true, bits(Buffer.from([0x86]), 1)),
        ]),
        server: (subject, hosts) => leaf(subject, ['server', 'client'], hosts),
        client: (subject) => leaf(subject, ['client'], []),
    };
}
/** The key that signs the tokens of service accounts, and the public half that the API server checks them with. */
function createSigningKey() {
    const { privateKey } = newKeys();
    return {
        privateKey: privateKeyPem(privateKey),
        publicKey: (0,external_node_crypto_.createPublicKey)(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
    };
}
const newKeys = () => (0,external_node_crypto_.generateKeyPairSync)('ec', { namedCurve: 'P-256' });
const privateKeyPem = (key) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
/** RFC 5280, section 4.1. */
function certify({ issuer, signer, subject, publicKey, extensions }) {
    const now = Date.now();
    const body = sequence(context(0, integer(Buffer.from([2]))), integer((0,external_node_crypto_.randomBytes)(16)), ecdsaWithSha256, pki_name(issuer), sequence(utcTime(new Date(now - backdateMs)), utcTime(new Date(now + lifetimeMs))), pki_name(subject), publicKey.export({ type: 'spki', format: 'der' }), context(3, sequence(...extensions)));
    const whole = sequence(body, ecdsaWithSha256, bits((0,external_node_crypto_.sign)('sha256', body, signer)));
    const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
    return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
function pki_name({ commonName, organization }) {
    const part = (id, value) => set(sequence(oid(id), utf8(value)));
    return sequence(...(organization === undefined ? [] : [part('2.5.4.10', organization)]), part('2.5.4.3', commonName));
}
const extension = (id, critical, value) => sequence(oid(id), ...(critical ? [der_boolean(true)] : []), octets(value));
/** Host names as `[2]`, addresses as `[7]`. */
const generalName = (host) => (0,external_node_net_.isIPv4)(host)
    ? context(7, Buffer.from(host.split('.').map(Number)), false)
    : context(2, Buffer.from(host), false);

;// CONCATENATED MODULE: ./build/rehearsal/control-plane-files.js





/** Keys, certificates, the encryption key and the kubeconfig, each 0600, into `dir`. The authorities' own keys are forgotten. */
async function writeControlPlaneFiles(dir, apiPort) {
    const write = (name, text) => (0,promises_.writeFile)((0,external_node_path_.join)(dir, name), text, { mode: 0o600, flag: 'wx' });
    const cluster = createAuthority('phoenix-box');
    const store = createAuthority('phoenix-box-etcd');
    const signing = createSigningKey();
    const hosts = ['127.0.0.1', 'localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
    const apiServer = cluster.server({ commonName: 'kube-apiserver' }, [...hosts, firstServiceAddress]);
    const admin = cluster.client({ commonName: 'phoenix', organization: 'system:masters' });
    const etcd = store.server({ commonName: 'etcd' }, ['127.0.0.1', 'localhost']);
    const etcdClient = store.client({ commonName: 'kube-apiserver' });
    const server = `https://127.0.0.1:${apiPort}`;
    await Promise.all([
        write('ca.crt', cluster.certificate),
        write('apiserver.crt', apiServer.certificate),
        write('apiserver.key', apiServer.key),
        write('admin.crt', admin.certificate),
        write('admin.key', admin.key),
        write('etcd-ca.crt', store.certificate),
        write('etcd.crt', etcd.certificate),
        write('etcd.key', etcd.key),
        write('etcd-client.crt', etcdClient.certificate),
        write('etcd-client.key', etcdClient.key),
        write('tokens.key', signing.privateKey),
        write('tokens.pub', signing.publicKey),
        write('encryption.json', encryptionConfiguration()),
        write('kubeconfig', kubeconfig({ server, dir, ca: cluster.certificate })),
    ]);
    return { server, ca: cluster.certificate, certificate: admin.certificate, key: admin.key };
}
function encryptionConfiguration() {
    const secret = (0,external_node_crypto_.randomBytes)(32).toString('base64');
    const secretbox = { keys: [{ name: 'box', secret }] };
    return JSON.stringify({
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'EncryptionConfiguration',
        resources: [{ resources: ['secrets'], providers: [{ secretbox }, { identity: {} }] }],
    });
}
/** Certificate and key by file name, so that whoever stores this text (OpenTofu's state does) stores no key. */
function kubeconfig(of) {
    return `apiVersion: v1
kind: Config
clusters:
  - name: box
    cluster:
      server: ${of.server}
      certificate-authority-data: ${Buffer.from(of.ca).toString('base64')}
users:
  - name: phoenix
    user:
      client-certificate: ${(0,external_node_path_.join)(of.dir, 'admin.crt')}
      client-key: ${(0,external_node_path_.join)(of.dir, 'admin.key')}
contexts:
  - name: box
    context: { cluster: box, user: phoenix }
current-context: box
`;
}

// EXTERNAL MODULE: external "node:https"
var external_node_https_ = __webpack_require__(4708);
;// CONCATENATED MODULE: ./build/rehearsal/kube-api.js


const requestTimeoutMs = 10_000;
/** The server ends a watch after this long; it is then opened anew, as every Kubernetes client does. */
const watchSeconds = 300;
function createKubeApi(access) {
    const agent = new external_node_https_.Agent({
        ca: access.ca,
        cert: access.certificate,
        key: access.key,
        keepAlive: true,
    });
    const options = (method, contentType) => ({
        agent,
        method,
        headers: { accept: 'application/json', 'content-type': contentType },
    });
    return {
        request(method, path, body) {
            const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
            return new Promise((resolve, reject) => {
                const sent = (0,external_node_https_.request)(`${access.server}${path}`, options(method, contentType), (response) => {
                    const chunks = [];
                    response.on('data', (chunk) => chunks.push(chunk));
                    response.on('error', reject);
                    response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString()) }));
                });
                sent.setTimeout(requestTimeoutMs, () => sent.destroy(new Error(`no answer within ${requestTimeoutMs / 1000} s`)));
                sent.on('error', reject);
                sent.end(body === undefined ? undefined : JSON.stringify(body));
            });
        },
        async *watch(path, signal) {
            const address = `${access.server}${path}&watch=1&timeoutSeconds=${watchSeconds}`;
            const stream = await new Promise((resolve, reject) => {
                const sent = (0,external_node_https_.request)(address, { ...options('GET', 'application/json'), signal }, resolve);
                sent.on('error', reject);
                sent.end();
            });
            if (stream.statusCode !== 200) {
                stream.resume();
                throw new Error(`the watch was answered ${stream.statusCode}`);
            }
            for await (const line of (0,external_node_readline_.createInterface)({ input: stream }))
                yield parse(line);
        },
        close() {
            agent.destroy();
        },
    };
}
function parse(text) {
    if (text === '')
        return undefined;
    try {
        return JSON.parse(text);
    }
    catch {
        return text;
    }
}

;// CONCATENATED MODULE: ./build/rehearsal/ports.js


/** `count` TCP ports of the loopback interface that are free now, all different. */
async function freePorts(count) {
    const servers = Array.from({ length: count }, () => (0,external_node_net_.createServer)());
    try {
        // All are held at once: ports asked for one after another could be the same one twice.
        return await Promise.all(servers.map(async (server) => {
            server.listen({ port: 0, host: '127.0.0.1' });
            await (0,external_node_events_.once)(server, 'listening');
            const address = server.address();
            return typeof address === 'object' && address !== null ? address.port : 0;
        }));
    }
    finally {
        await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
    }
}
async function isPortFree(port) {
    const server = (0,external_node_net_.createServer)();
    try {
        server.listen({ port, host: '127.0.0.1' });
        await (0,external_node_events_.once)(server, 'listening');
        return true;
    }
    catch {
        return false;
    }
    finally {
        if (server.listening)
            await new Promise((done) => server.close(done));
    }
}

;// CONCATENATED MODULE: ./build/rehearsal/control-plane.js








const readyWithinMs = 60_000;
const probeEveryMs = 50;
const portAttempts = 3;
/**
 * Brings up a control plane on loopback: its own authorities, TLS with client certificates everywhere, RBAC as the
 * only authorizer, secrets encrypted at rest.
 * @throws PhoenixError PHX-BOX-PORT-IN-USE, PHX-BOX-CONTROL-PLANE
 */
async function startControlPlane(options) {
    for (let attempt = 1;; attempt += 1) {
        try {
            return await tryControlPlane(options);
        }
        catch (error) {
            await (0,promises_.rm)(options.dir, { recursive: true, force: true });
            // Between the choice of a free port and its use by another process lie some milliseconds.
            const collision = error instanceof errors/* PhoenixError */.Uy && /address already in use/.test(error.why);
            if (!collision || options.port !== 0 || attempt === portAttempts)
                throw error;
            options.progress('a chosen port was taken meanwhile: choosing others');
        }
    }
}
async function tryControlPlane(options) {
    const { supervisor, progress, dir } = options;
    if (options.port !== 0 && !(await isPortFree(options.port)))
        throw portInUse(options.port);
    const [etcdPort = 0, peerPort = 0, freePort = 0] = await freePorts(3);
    const apiPort = options.port === 0 ? freePort : options.port;
    await (0,promises_.mkdir)(dir, { recursive: true, mode: 0o700 });
    const access = await writeControlPlaneFiles(dir, apiPort);
    const path = (name) => (0,external_node_path_.join)(dir, name);
    const start = (name, file, args, env) => supervisor.start({
        name,
        file,
        args,
        env,
        cwd: dir,
        logFile: (0,external_node_path_.join)(options.logDir, `${name}.log`),
        // The API server takes seconds to end politely, for a store that is deleted the moment it has.
        polite: false,
    });
    const api = createKubeApi(access);
    const started = [];
    const stop = async () => {
        api.close();
        for (const program of started.toReversed())
            await program.end();
    };
    try {
        progress(`etcd on 127.0.0.1:${etcdPort}, kube-apiserver on 127.0.0.1:${apiPort}`);
        started.push(await start('etcd', options.programs.etcd, etcdFlags(path, etcdPort, peerPort), {}));
        // Both at once: the API server asks for etcd again until it answers, and is busy with itself meanwhile.
        started.push(await start('kube-apiserver', options.programs.apiServer, apiServerFlags(path, etcdPort, apiPort), {
            // Fewer collections than by Go's default of 100: a second of the bring-up on two cores, for 150 MB.
            GOGC: '200',
        }));
        await untilReady(api, started, options.signal);
    }
    catch (error) {
        await stop();
        throw error;
    }
    for (const program of started)
        program.declareUp();
    return {
        id: options.id,
        server: access.server,
        kubeconfig: path('kubeconfig'),
        ca: access.ca,
        api,
        async [Symbol.asyncDispose]() {
            await stop();
            await (0,promises_.rm)(dir, { recursive: true, force: true });
        },
    };
}
async function untilReady(api, programs, signal) {
    const deadline = Date.now() + readyWithinMs;
    let ended;
    for (const program of programs) {
        void program.ended.then((how) => {
            ended ??= `${program.name} ended with ${how}`;
        });
    }
    let seen = 'no answer yet';
    while (Date.now() < deadline) {
        if (ended !== undefined)
            throw notReady(ended);
        try {
            const { status } = await api.request('GET', '/readyz');
            if (status === 200)
                return;
            seen = `/readyz answered ${status}`;
        }
        catch (error) {
            seen = error.code ?? 'no answer';
        }
        await (0,external_node_timers_promises_.setTimeout)(probeEveryMs, undefined, { signal });
    }
    throw notReady(`/readyz was not 200 within ${readyWithinMs / 1000} s (last seen: ${seen})`);
}
function portInUse(port) {
    return new errors/* PhoenixError */.Uy({
        code: 'PHX-BOX-PORT-IN-USE',
        class: 'cluster',
        what: `The API server of the box cannot listen on 127.0.0.1:${port}.`,
        why: 'Another process listens there: port in use.',
        next: 'Free the port, or set PHOENIX_BOX_API_PORT to another one (0, the default, takes any free port).',
    });
}
function notReady(why) {
    return new errors/* PhoenixError */.Uy({
        code: 'PHX-BOX-CONTROL-PLANE',
        class: 'cluster',
        what: 'The control plane of the box did not come up.',
        why,
        next: 'Run again; if it stays, read etcd.log and kube-apiserver.log in the logs folder of the rehearsal.',
    });
}

// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 5 modules
var schemas = __webpack_require__(2047);
;// CONCATENATED MODULE: ./build/rehearsal/container.js

const environmentVariable = schemas/* object */.Ikc({
    name: schemas/* string */.YjP(),
    value: schemas/* string */.YjP().optional(),
    valueFrom: schemas/* object */.Ikc({ fieldRef: schemas/* object */.Ikc({ fieldPath: schemas/* string */.YjP() }).optional() }).optional(),
});
const container = schemas/* object */.Ikc({
    name: schemas/* string */.YjP(),
    image: schemas/* string */.YjP(),
    args: schemas/* array */.YOg(schemas/* string */.YjP()).default([]),
    env: schemas/* array */.YOg(environmentVariable).default([]),
    ports: schemas/* array */.YOg(schemas/* object */.Ikc({ name: schemas/* string */.YjP().optional(), containerPort: schemas/* number */.aig() })).default([]),
    volumeMounts: schemas/* array */.YOg(schemas/* object */.Ikc({ name: schemas/* string */.YjP() })).default([]),
    readinessProbe: schemas/* object */.Ikc({
        httpGet: schemas/* object */.Ikc({ path: schemas/* string */.YjP().default('/'), port: schemas/* union */.KCZ([schemas/* string */.YjP(), schemas/* number */.aig()]) })
            .optional(),
    })
        .optional(),
});
/** A Deployment of apps/v1, as far as running it as a process needs. */
const deployment = schemas/* object */.Ikc({
    metadata: schemas/* object */.Ikc({
        name: schemas/* string */.YjP(),
        namespace: schemas/* string */.YjP(),
        uid: schemas/* string */.YjP(),
        generation: schemas/* number */.aig(),
    }),
    spec: schemas/* object */.Ikc({
        replicas: schemas/* number */.aig().default(1),
        template: schemas/* object */.Ikc({
            spec: schemas/* object */.Ikc({
                serviceAccountName: schemas/* string */.YjP().default('default'),
                initContainers: schemas/* array */.YOg(schemas/* unknown */.L5J()).default([]),
                containers: schemas/* array */.YOg(container),
            }),
        }),
    }),
});
/** The repository of an image reference: `ghcr.io/a/b:v1@sha256:…` → `ghcr.io/a/b`. */
function imageRepository(image) {
    const [reference = ''] = image.split('@');
    const colon = reference.lastIndexOf(':');
    return colon > reference.lastIndexOf('/') ? reference.slice(0, colon) : reference;
}
/**
 * How a container of a manifest runs as a process on loopback. The manifest is an ordinary one: it declares
 * `BIND_ADDRESS`, `PORT_<NAME>` and `VOLUME_<NAME>` with the values that a pod needs and refers to them in its
 * arguments; here each gets the value that is free on this machine instead.
 * @throws Error in words, where the manifest asks for what a process cannot be given
 */
function planProcess(manifest, from, grants) {
    const env = {};
    for (const { name, value, valueFrom } of from.env) {
        env[name] =
            valueFrom === undefined
                ? expand(value ?? '', env)
                : fieldValue(manifest, valueFrom.fieldRef?.fieldPath, name);
    }
    env['BIND_ADDRESS'] = '127.0.0.1';
    for (const [name, port] of grants.ports)
        env[`PORT_${upper(name)}`] = String(port);
    for (const [name, folder] of grants.volumes)
        env[`VOLUME_${upper(name)}`] = folder;
    const probe = from.readinessProbe?.httpGet;
    return {
        args: from.args.map((argument) => expand(argument, env)),
        env,
        health: probe === undefined ? undefined : `http://127.0.0.1:${portOf(from, probe.port, grants)}${probe.path}`,
    };
}
/** Names of the container's ports, in the order of the manifest; one without a name goes by its number. */
const portNames = ({ ports }) => ports.map((port) => port.name ?? String(port.containerPort));
const upper = (name) => name.toUpperCase().replaceAll('-', '_');
/**
 * Kubernetes' own rule for `$(NAME)` in args and env: an unknown name stays as it is written, `$$(NAME)` gives `$(NAME)`.
 */
function expand(text, env) {
    return text.replaceAll(/\$\$|\$\(([^()]*)\)/g, (whole, name) => name === undefined ? '$' : Object.hasOwn(env, name) ? (env[name] ?? '') : whole);
}
function fieldValue({ metadata, spec }, field, name) {
    if (field === 'metadata.namespace')
        return metadata.namespace;
    if (field === 'metadata.name')
        return metadata.name;
    if (field === 'spec.serviceAccountName')
        return spec.template.spec.serviceAccountName;
    throw new Error(`the value of ${name} comes from a place that a process of the box cannot be given`);
}
function portOf(from, port, grants) {
    const named = typeof port === 'string'
        ? port
        : portNames(from)[from.ports.findIndex((declared) => declared.containerPort === port)];
    const granted = named === undefined ? undefined : grants.ports.get(named);
    if (granted === undefined)
        throw new Error(`the readiness probe asks a port that is not declared: ${port}`);
    return granted;
}

;// CONCATENATED MODULE: ./build/rehearsal/account.js


const accountWithinMs = 30_000;
const pollMs = 50;
/** As long as the certificates of the box live. */
const tokenSeconds = 24 * 60 * 60;
const tokenAnswer = schemas/* object */.Ikc({ status: schemas/* object */.Ikc({ token: schemas/* string */.YjP() }) });
/** A kubeconfig with a token of the pod's own ServiceAccount, which may be applied a moment after the Deployment. */
async function accountKubeconfig(options, manifest, signal) {
    const { namespace } = manifest.metadata;
    const account = manifest.spec.template.spec.serviceAccountName;
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
    const deadline = Date.now() + accountWithinMs;
    for (;;) {
        const { status, body } = await options.api.request('POST', path, {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenRequest',
            spec: { expirationSeconds: tokenSeconds },
        });
        if (status === 201) {
            const { token } = tokenAnswer.parse(body).status;
            const authority = Buffer.from(options.ca).toString('base64');
            return JSON.stringify({
                apiVersion: 'v1',
                kind: 'Config',
                clusters: [
                    {
                        name: 'box',
                        cluster: { server: options.server, 'certificate-authority-data': authority },
                    },
                ],
                users: [{ name: account, user: { token } }],
                contexts: [{ name: 'box', context: { cluster: 'box', user: account, namespace } }],
                'current-context': 'box',
            });
        }
        if (status !== 404 || Date.now() > deadline) {
            throw new Error(`no token for the service account ${namespace}/${account} (answer ${status})`);
        }
        await (0,external_node_timers_promises_.setTimeout)(pollMs, undefined, { signal });
    }
}

;// CONCATENATED MODULE: ./build/rehearsal/node-status.js
/** Says on everything that it runs who did so: no reader may take the box's node for a kubelet. */
const annotations = { 'phoenix.dev/run-by': 'box-node' };
/** Writes a Deployment's status as the Deployment controller would, from what a process of the box really does. */
function deploymentStatus(api, { metadata }) {
    const path = `/apis/apps/v1/namespaces/${metadata.namespace}/deployments/${metadata.name}`;
    let generation = 0;
    const patch = async (at, body) => {
        const { status } = await api.request('PATCH', at, body);
        // Deleted meanwhile: there is nobody to tell.
        if (status !== 200 && status !== 404)
            throw new Error(`its status could not be written (answer ${status})`);
    };
    const write = async (replicas, conditions) => {
        generation = Math.max(generation, metadata.generation);
        await patch(`${path}/status`, {
            status: {
                observedGeneration: generation,
                replicas: 1,
                updatedReplicas: 1,
                readyReplicas: replicas,
                availableReplicas: replicas,
                unavailableReplicas: 1 - replicas,
                conditions,
            },
        });
    };
    return {
        get generation() {
            return generation;
        },
        async available() {
            await patch(path, { metadata: { annotations } });
            await write(1, [
                condition('Available', true, 'MinimumReplicasAvailable', 'The process answers its readiness probe.'),
                condition('Progressing', true, 'NewReplicaSetAvailable', 'The process runs on the host of the box.'),
            ]);
        },
        async unavailable(message) {
            await write(0, [condition('Available', false, 'MinimumReplicasUnavailable', message)]);
        },
        async acknowledge(newer) {
            generation = newer;
            await patch(`${path}/status`, { status: { observedGeneration: newer } });
        },
    };
}
function condition(type, holds, reason, message) {
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    const status = holds ? 'True' : 'False';
    return { type, status, reason, message, lastUpdateTime: now, lastTransitionTime: now };
}

;// CONCATENATED MODULE: ./build/rehearsal/node-run.js









const healthyWithinMs = 60_000;
const node_run_pollMs = 50;
function runDeployment(options, manifest, program) {
    const cancelled = new AbortController();
    const { name, namespace } = manifest.metadata;
    const folder = (0,external_node_path_.join)(options.dir, `${namespace}.${name}`);
    const status = deploymentStatus(options.api, manifest);
    let process;
    const bringUp = async () => {
        const [container] = manifest.spec.template.spec.containers;
        if (container === undefined)
            return;
        const home = await prepareHome(folder, container);
        const kubeconfig = (0,external_node_path_.join)(folder, 'kubeconfig');
        await (0,promises_.writeFile)(kubeconfig, await accountKubeconfig(options, manifest, cancelled.signal), {
            mode: 0o600,
        });
        const plan = planProcess(manifest, container, home);
        if (cancelled.signal.aborted)
            return;
        process = await options.supervisor.start({
            name: program.name,
            file: program.file,
            args: plan.args,
            env: { ...plan.env, KUBECONFIG: kubeconfig, HOME: home.home, TMPDIR: home.temporary },
            cwd: home.home,
            logFile: (0,external_node_path_.join)(folder, 'log'),
        });
        process.declareUp();
        const { ended } = process;
        void ended.then(async (how) => {
            if (!cancelled.signal.aborted)
                await status.unavailable(`The process ended with ${how}.`);
        }, ignore);
        options.log('box-node', `runs ${namespace}/${name} as process ${process.pid}`);
        await untilHealthy(plan.health, AbortSignal.any([cancelled.signal, aborted(ended)]));
        await status.available();
        options.log('box-node', `${namespace}/${name} is ready`);
    };
    const up = bringUp().catch(async (error) => {
        if (cancelled.signal.aborted)
            return;
        options.log('box-node', `${namespace}/${name} does not run: ${(0,errors/* messageOf */.bD)(error)}`);
        await status.unavailable((0,errors/* messageOf */.bD)(error)).catch(ignore);
    });
    return {
        async keeps(next) {
            if (podOf(next) !== podOf(manifest))
                return false;
            await up;
            if (next.metadata.generation > status.generation)
                await status.acknowledge(next.metadata.generation);
            return true;
        },
        supersededBy(next) {
            if (podOf(next) !== podOf(manifest))
                cancelled.abort();
        },
        cancel: () => cancelled.abort(),
        async end() {
            cancelled.abort();
            await up;
            await process?.end();
            await (0,promises_.rm)(folder, { recursive: true, force: true });
        },
    };
}
const ignore = () => { };
const podOf = ({ metadata, spec }) => JSON.stringify([metadata.uid, spec.replicas, spec.template]);
async function prepareHome(folder, container) {
    const home = (0,external_node_path_.join)(folder, 'home');
    const temporary = (0,external_node_path_.join)(folder, 'tmp');
    const names = portNames(container);
    const free = await freePorts(names.length);
    const volumes = new Map(container.volumeMounts.map(({ name }) => [name, (0,external_node_path_.join)(folder, 'volumes', name)]));
    for (const made of [home, temporary, ...volumes.values()]) {
        await (0,promises_.mkdir)(made, { recursive: true, mode: 0o700 });
    }
    return { home, temporary, volumes, ports: new Map(names.map((name, index) => [name, free[index] ?? 0])) };
}
/** Until the readiness probe's address answers 2xx; at once where the manifest has no probe. */
async function untilHealthy(address, signal) {
    if (address === undefined)
        return;
    const deadline = Date.now() + healthyWithinMs;
    let seen = 'no answer';
    while (Date.now() < deadline) {
        try {
            const status = await statusOf(address, signal);
            if (status >= 200 && status < 300)
                return;
            seen = `answer ${status}`;
        }
        catch {
            signal.throwIfAborted();
        }
        await (0,external_node_timers_promises_.setTimeout)(node_run_pollMs, undefined, { signal });
    }
    throw new Error(`its readiness probe did not pass within ${healthyWithinMs / 1000} s (${seen})`);
}
function statusOf(address, signal) {
    return new Promise((resolve, reject) => {
        const sent = (0,external_node_http_.get)(address, { signal, agent: false, timeout: 1_000 }, (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
        });
        sent.on('timeout', () => sent.destroy(new Error('no answer within 1 s')));
        sent.on('error', reject);
    });
}
function aborted(ended) {
    const controller = new AbortController();
    void ended.then((how) => controller.abort(new Error(`the process ended with ${how}`)));
    return controller.signal;
}

;// CONCATENATED MODULE: ./build/rehearsal/node.js





const path = '/apis/apps/v1/deployments';
const reconnectMs = 200;
const list = schemas/* object */.Ikc({
    metadata: schemas/* object */.Ikc({ resourceVersion: schemas/* string */.YjP() }),
    items: schemas/* array */.YOg(schemas/* unknown */.L5J()),
});
const node_event = schemas/* object */.Ikc({ type: schemas/* string */.YjP(), object: schemas/* unknown */.L5J() });
/**
 * The box's stand-in for a node: Deployments of images that it has a program for become processes of this machine,
 * with a real ServiceAccount's token and no more rights than the manifests give it. Others are left alone, and so
 * never become Ready. Ends, with all that it runs, when disposed of.
 */
function startNode(options) {
    const stopping = new AbortController();
    const runs = new Map();
    const turns = new Map();
    /** One Deployment's changes one after another, different Deployments side by side. */
    const inTurn = (key, work) => {
        const next = (turns.get(key) ?? Promise.resolve())
            .then(work)
            .catch((error) => options.log('box-node', `${key}: ${(0,errors/* messageOf */.bD)(error)}`));
        turns.set(key, next);
    };
    const wanted = (manifest) => {
        const program = programOf(manifest, options.programs);
        if (program === undefined)
            return;
        const key = keyOf(manifest);
        runs.get(key)?.supersededBy(manifest);
        inTurn(key, async () => {
            const current = runs.get(key);
            if (stopping.signal.aborted || (current !== undefined && (await current.keeps(manifest))))
                return;
            await current?.end();
            runs.delete(key);
            if (manifest.spec.replicas > 0)
                runs.set(key, runDeployment(options, manifest, program));
        });
    };
    const gone = (key) => {
        runs.get(key)?.cancel();
        inTurn(key, async () => {
            await runs.get(key)?.end();
            runs.delete(key);
        });
    };
    const follow = async () => {
        const listed = list.parse((await options.api.request('GET', path)).body);
        const present = listed.items.flatMap(readDeployment);
        const keys = new Set(present.map(keyOf));
        for (const key of runs.keys())
            if (!keys.has(key))
                gone(key);
        present.forEach(wanted);
        const address = `${path}?resourceVersion=${listed.metadata.resourceVersion}`;
        for await (const line of options.api.watch(address, stopping.signal)) {
            const { type, object } = node_event.parse(line);
            if (type === 'ERROR')
                return;
            for (const manifest of readDeployment(object)) {
                if (type === 'DELETED')
                    gone(keyOf(manifest));
                else
                    wanted(manifest);
            }
        }
    };
    const following = (async () => {
        while (!stopping.signal.aborted) {
            try {
                await follow();
            }
            catch (error) {
                if (!stopping.signal.aborted)
                    options.log('box-node', `watching again: ${(0,errors/* messageOf */.bD)(error)}`);
            }
            await (0,external_node_timers_promises_.setTimeout)(reconnectMs, undefined, { signal: stopping.signal }).catch(() => { });
        }
    })();
    return {
        async [Symbol.asyncDispose]() {
            stopping.abort();
            for (const run of runs.values())
                run.cancel();
            await following;
            await Promise.all(turns.values());
            await Promise.all([...runs.values()].map((run) => run.end()));
        },
    };
}
const keyOf = ({ metadata }) => `${metadata.namespace}/${metadata.name}`;
function readDeployment(object) {
    const parsed = deployment.safeParse(object);
    return parsed.success ? [parsed.data] : [];
}
/** A pod of several containers, or with init containers, is more than one process can stand for. */
function programOf({ spec }, programs) {
    const { containers, initContainers } = spec.template.spec;
    const [only] = containers;
    if (only === undefined || containers.length > 1 || initContainers.length > 0)
        return undefined;
    return programs.get(imageRepository(only.image));
}

// EXTERNAL MODULE: ./build/rehearsal/records.js
var records = __webpack_require__(1146);
;// CONCATENATED MODULE: ./build/rehearsal/stand-in.js



const listensWithinMs = 15_000;
/**
 * Starts a box's stand-ins, side by side but for those whose configuration names another: in it, the address
 * `http://NAME.box.invalid` stands for stand-in NAME, whose port is known only once it listens (Infisical must fetch
 * the keys of the OIDC issuer).
 */
async function startStandIns(box, supervisor, started) {
    const listening = new Map();
    for (const { name, config } of box.standIns) {
        const text = JSON.stringify(config);
        const needed = [...listening].filter(([other]) => text.includes(placeholder(other)));
        const start = async () => {
            const known = await Promise.all(needed.map(([, promise]) => promise));
            const resolved = known.reduce((so, other) => so.replaceAll(placeholder(other.name), other.url), text);
            return await startStandIn({ name, config: resolved, box, supervisor, started });
        };
        listening.set(name, start());
    }
    return Promise.all(listening.values());
}
const placeholder = (name) => `http://${name}.box.invalid`;
/** Starts a stand-in as a process of Phoenix itself, and resolves when it says where it listens. */
async function startStandIn(options) {
    const { name, box } = options;
    const [file = '', ...prefix] = box.self;
    const said = Promise.withResolvers();
    const program = await options.supervisor.start({
        name,
        file,
        args: [...prefix, 'stand-in', name],
        env: standInEnvironment(box),
        cwd: box.dir,
        // In RAM: what a stand-in is asked and says may hold the rehearsal's secrets.
        logFile: (0,external_node_path_.join)(box.dir, `${name}.log`),
        firstLine: options.config,
        onLine: said.resolve,
    });
    options.started(program);
    const deadline = setTimeout(() => said.reject(new Error('it did not say where it listens')), listensWithinMs);
    void program.ended.then((how) => said.reject(new Error(`it ended with ${how}`)));
    try {
        const addresses = host_protocol/* standInLine */.oW.parse(JSON.parse(await said.promise));
        program.declareUp();
        return { name, ...addresses };
    }
    catch (cause) {
        await program.end();
        throw new errors/* PhoenixError */.Uy({
            code: 'PHX-BOX-STAND-IN',
            class: 'internal',
            what: `The stand-in ${name} did not come up.`,
            why: (0,errors/* messageOf */.bD)(cause),
            next: 'Run again with --debug; if it stays, report it with the output.',
            cause,
        });
    }
    finally {
        clearTimeout(deadline);
    }
}
/** PATH for `git`; nothing of the user's own settings. */
function standInEnvironment(box) {
    return {
        PATH: process.env['PATH'] ?? '/usr/bin:/bin',
        HOME: box.dir,
        TMPDIR: box.dir,
        GIT_CONFIG_NOSYSTEM: '1',
    };
}

// EXTERNAL MODULE: external "node:child_process"
var external_node_child_process_ = __webpack_require__(1421);
;// CONCATENATED MODULE: ./build/rehearsal/supervisor.js








const graceMs = 3_000;
/**
 * Starts programs, each in a process group of its own, and knows them until they end.
 * `onChange` is awaited after every start, so that the record on disk names a program before it is waited for.
 */
function createSupervisor(options) {
    const running = new Map();
    return {
        running: () => [...running.values()],
        async start(spec) {
            const { pid, exit } = await launch(spec);
            let up = false;
            let asked = false;
            const ended = exit.then(async (status) => {
                const how = await describe(status, spec.logFile);
                // What it started in its group (a `git http-backend`) has nobody left to answer.
                (0,records/* signalGroup */.i8)(pid, 'SIGKILL');
                running.delete(spec.name);
                if (up && !asked)
                    options.onDeath(spec.name, how);
                return how;
            });
            const identity = await (0,process_identity/* identify */.ls)(pid);
            if (identity !== undefined)
                running.set(spec.name, { ...identity, name: spec.name });
            await options.onChange();
            return {
                name: spec.name,
                pid,
                ended,
                declareUp() {
                    up = true;
                },
                async end() {
                    asked = true;
                    (0,records/* signalGroup */.i8)(pid, spec.polite === false ? 'SIGKILL' : 'SIGTERM');
                    const timer = new AbortController();
                    const late = (0,external_node_timers_promises_.setTimeout)(graceMs, true, { signal: timer.signal }).catch(() => false);
                    if (await Promise.race([ended.then(() => false), late]))
                        (0,records/* signalGroup */.i8)(pid, 'SIGKILL');
                    timer.abort();
                    await ended;
                    await options.onChange();
                },
            };
        },
    };
}
async function launch(spec) {
    const log = await (0,promises_.open)(spec.logFile, 'a', 0o600);
    try {
        const child = (0,external_node_child_process_.spawn)(spec.file, [...spec.args], {
            cwd: spec.cwd,
            env: { ...spec.env },
            detached: true,
            stdio: [
                spec.firstLine === undefined ? 'ignore' : 'pipe',
                spec.onLine === undefined ? log.fd : 'pipe',
                log.fd,
            ],
        });
        // Listened for before anything is awaited: a program may end faster than its log file closes here.
        const exit = new Promise((resolve) => {
            child.once('exit', (code, signal) => resolve({ code, signal }));
        });
        await (0,external_node_events_.once)(child, 'spawn');
        // A program that ends early breaks these pipes; that it ended is told by its exit, not by them.
        child.stdin?.on('error', () => { });
        if (spec.firstLine !== undefined)
            child.stdin?.write(`${spec.firstLine}\n`);
        if (spec.onLine !== undefined && child.stdout !== null) {
            (0,external_node_readline_.createInterface)({ input: child.stdout }).on('line', spec.onLine);
        }
        return { pid: child.pid ?? 0, exit };
    }
    catch (cause) {
        throw new errors/* PhoenixError */.Uy({
            code: 'PHX-BOX-START',
            class: 'cluster',
            what: `${spec.name} could not be started.`,
            why: (0,errors/* messageOf */.bD)(cause),
            next: `Check that ${spec.file} exists and can be run, then run again.`,
            cause,
        });
    }
    finally {
        await log.close();
    }
}
async function describe({ code, signal }, logFile) {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    const last = await lastLine(logFile);
    return last === '' ? how : `${how}: ${last}`;
}
/** The last line a program logged: most often the very reason of its end. */
async function lastLine(logFile) {
    const text = await (0,promises_.readFile)(logFile, 'utf8').catch(() => '');
    const line = text.trimEnd().split('\n').at(-1) ?? '';
    return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

;// CONCATENATED MODULE: ./build/rehearsal/host.js
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












/** Which program stands for which image when the box plays the node. */
const host_images = new Map([
    ['ghcr.io/external-secrets/external-secrets', 'external-secrets'],
    ['ghcr.io/fluxcd/source-controller', 'source-controller'],
    ['ghcr.io/fluxcd/kustomize-controller', 'kustomize-controller'],
]);
/**
 * The hidden command `box-host`: the process that owns everything a box starts. It reads its configuration from the
 * first line of stdin, and ends everything at the end of stdin, so that nothing outlives a rehearsal that was killed.
 * Returns the exit code.
 */
async function runBoxHost() {
    // The rehearsal may be gone already: what it would have read is of no use to anybody then.
    process.stdout.on('error', () => { });
    const emit = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
    const lines = (0,external_node_readline_.createInterface)({ input: process.stdin });
    const lifeline = new Promise((resolve) => {
        lines.once('close', resolve);
        for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'])
            process.once(signal, () => resolve());
    });
    const first = new Promise((resolve) => {
        lines.once('line', resolve);
    });
    const text = await Promise.race([first, lifeline]);
    if (text === undefined)
        return 0;
    const config = host_protocol/* hostConfig */.hi.parse(JSON.parse(text));
    try {
        await host(config, emit, lifeline);
        return 0;
    }
    catch (error) {
        emit({ type: 'failed', error: shapeOf(error) });
        return 1;
    }
}
async function host(config, emit, lifeline) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        const own = await (0,process_identity/* identify */.ls)(process.pid);
        if (own === undefined)
            throw new Error('the host cannot tell its own start time');
        let ending = false;
        const { id, dir, stateDir } = config;
        let written = Promise.resolve();
        const supervisor = createSupervisor({
            onDeath: (name, how) => ending || emit({ type: 'death', name, how }),
            // One after another: each writes what runs at its own turn.
            onChange: () => {
                written = written.then(() => (0,records/* writeRecord */.rh)(stateDir, { id, dir, host: own, processes: [...supervisor.running()] }));
                return written;
            },
        });
        const ends = __addDisposableResource(env_1, new AsyncDisposableStack(), true);
        await (0,records/* markBoxDirectory */.iU)(dir, id);
        ends.defer(() => (0,records/* removeRecord */.GI)(stateDir, id));
        ends.defer(() => (0,records/* removeBoxDirectory */.nT)(dir, id));
        await (0,records/* writeRecord */.rh)(stateDir, { id, dir, host: own, processes: [] });
        const logDir = (0,external_node_path_.join)(stateDir, 'logs');
        await (0,promises_.mkdir)(logDir, { recursive: true });
        const machines = machinePark(config, supervisor, logDir, (source, text) => emit({ type: 'log', source, text }));
        const standIns = [];
        ends.defer(async () => {
            await Promise.all(standIns.map((program) => program.end()));
        });
        ends.use(machines);
        const socket = (0,external_node_path_.join)(dir, host_protocol/* socketName */.RV);
        ends.use(await serveHostApi(socket, { processes: () => supervisor.running(), ...machines }));
        const listening = startStandIns(config, supervisor, (program) => standIns.push(program));
        const ready = await Promise.race([listening, lifeline]);
        if (ready !== undefined) {
            emit({ type: 'ready', socket, standIns: ready });
            await lifeline;
        }
        ending = true;
        await listening.catch(() => { });
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
/** One machine at a time: asking for another ends the one there is, as a platform layer that is replaced wants. */
function machinePark(config, supervisor, logDir, log) {
    let machine;
    let turn = Promise.resolve();
    const stopping = new AbortController();
    const inTurn = (work) => {
        const next = turn.then(work);
        turn = next.catch(() => { });
        return next;
    };
    const end = async () => {
        await machine?.[Symbol.asyncDispose]();
        machine = undefined;
    };
    const create = async (id, port, progress) => {
        stopping.signal.throwIfAborted();
        await end();
        const dir = (0,external_node_path_.join)(config.dir, host_protocol/* machinesFolder */.XS, id);
        const parts = new AsyncDisposableStack();
        const controlPlane = parts.use(await startControlPlane({
            id,
            dir,
            logDir,
            port,
            supervisor,
            progress,
            signal: stopping.signal,
            programs: { etcd: toolFile(config, 'etcd'), apiServer: toolFile(config, 'kube-apiserver') },
        }));
        parts.use(startNode(nodeOptions(config, supervisor, controlPlane, (0,external_node_path_.join)(dir, 'node'), log)));
        machine = parts;
        // At a path known beforehand, for whoever runs the layers by hand or by Terragrunt alone.
        const current = (0,external_node_path_.join)(config.dir, 'kubeconfig');
        await (0,promises_.rm)(current, { force: true });
        await (0,promises_.symlink)(controlPlane.kubeconfig, current);
        return { id, server: controlPlane.server };
    };
    return {
        createMachine: (id, port, progress) => inTurn(() => create(id, port, progress)),
        deleteMachine: () => inTurn(end),
        [Symbol.asyncDispose]: () => {
            stopping.abort();
            return inTurn(end);
        },
    };
}
function nodeOptions(config, supervisor, { api, server, ca }, dir, log) {
    const programs = new Map([...host_images].map(([repository, tool]) => [repository, { name: tool, file: toolFile(config, tool) }]));
    return { api, server, ca, supervisor, programs, dir, log };
}
function toolFile(config, name) {
    const tool = config.tools[name];
    if (tool !== undefined)
        return tool.file;
    throw new errors/* PhoenixError */.Uy({
        code: 'PHX-BOX-TOOL',
        class: 'toolchain',
        what: `The box has no ${name}.`,
        why: 'The rehearsal did not hand it over with the other tools.',
        next: `Install it with the toolchain (phoenix setup) and hand it over under the name ${name}.`,
    });
}


/***/ })

};
