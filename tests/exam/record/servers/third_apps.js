// Node servers of the third set of recordings: node third_apps.js NAME PORT.
'use strict';
const http = require('http');
const [name, port] = process.argv.slice(2);
const SECRET = 'exam-secret-exam-secret-exam-secret';

const apps = {
  // NestJS with its passport guard, its JwtService by hand, and roles that answer 401.
  nest() {
    require('reflect-metadata');
    const { NestFactory } = require('@nestjs/core');
    const { Module, Controller, Get, Post, UseGuards, UnauthorizedException, Injectable, Dependencies } = require('@nestjs/common');
    const { PassportStrategy, PassportModule, AuthGuard } = require('@nestjs/passport');
    const { Strategy, ExtractJwt } = require('passport-jwt');
    const { Strategy: LocalStrategy } = require('passport-local');
    const { JwtService } = require('@nestjs/jwt');
    const decorate = (list, target, key) => {
      const found = key && Object.getOwnPropertyDescriptor(target, key);
      for (const one of list.reverse()) one(target, key, found);
    };
    class Jwt extends PassportStrategy(Strategy) {
      constructor() { super({ jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: SECRET }); }
      validate(claims) { return claims; }
    }
    class Local extends PassportStrategy(LocalStrategy) {
      constructor() { super(); }
      validate(user, password) { if (user === 'alice' && password === 'secret-7') return { user }; throw new UnauthorizedException('Bad login or password combination'); }
    }
    // The guard of the framework's own documentation: no reason is told.
    class ByHand {
      async canActivate(context) {
        const request = context.switchToHttp().getRequest();
        const [type, token] = (request.headers.authorization || '').split(' ');
        if (type !== 'Bearer') throw new UnauthorizedException();
        try { request.user = await new JwtService({ secret: SECRET }).verifyAsync(token); } catch { throw new UnauthorizedException(); }
        return true;
      }
    }
    class Things {
      orders() { return { ok: true }; }
      documented() { return { ok: true }; }
      login() { return { ok: true }; }
    }
    decorate([Injectable()], Jwt);
    decorate([Injectable()], Local);
    decorate([Get('orders'), UseGuards(AuthGuard('jwt'))], Things.prototype, 'orders');
    decorate([Get('documented'), UseGuards(ByHand)], Things.prototype, 'documented');
    decorate([Post('auth/login'), UseGuards(AuthGuard('local'))], Things.prototype, 'login');
    decorate([Controller()], Things);
    class App {}
    decorate([Module({ imports: [PassportModule], controllers: [Things], providers: [Jwt, Local] })], App);
    NestFactory.create(App, { logger: false }).then((app) => app.listen(port));
  },
  // Feathers: its authentication service, JWT strategy.
  feathers() {
    const { feathers } = require('@feathersjs/feathers');
    const { koa, rest, bodyParser, errorHandler, parseAuthentication } = require('@feathersjs/koa');
    const { AuthenticationService, JWTStrategy, authenticate } = require('@feathersjs/authentication');
    const app = koa(feathers());
    app.set('authentication', { entity: null, secret: SECRET, authStrategies: ['jwt'], jwtOptions: { header: { typ: 'access' }, audience: 'https://shop.test', algorithm: 'HS256', expiresIn: '1d', issuer: 'feathers' } });
    app.use(errorHandler()); app.use(parseAuthentication()); app.use(bodyParser()); app.configure(rest());
    const auth = new AuthenticationService(app);
    auth.register('jwt', new JWTStrategy());
    app.use('authentication', auth);
    app.use('orders', { async find() { return [{ ok: true }]; } });
    app.service('orders').hooks({ before: { all: [authenticate('jwt')] } });
    app.listen(port);
  },
  // oauth2-server: Bearer tokens that are opaque, with scopes, and a token endpoint.
  oauth2() {
    const express = require('express');
    const OAuthServer = require('@node-oauth/express-oauth-server');
    const far = new Date(Date.now() + 3600e3);
    const tokens = { 'at-live-8f21c0': { accessToken: 'at-live-8f21c0', accessTokenExpiresAt: far, scope: ['read'], client: { id: 'shop' }, user: { id: 1 } },
      'at-old-77aa12': { accessToken: 'at-old-77aa12', accessTokenExpiresAt: new Date(Date.now() - 9e5), scope: ['read'], client: { id: 'shop' }, user: { id: 1 } } };
    const model = {
      getAccessToken: (t) => tokens[t], verifyScope: (t, s) => s.every((one) => t.scope.includes(one)),
      getClient: (id, secret) => (id === 'shop' && (secret === null || secret === 'shop-secret') ? { id, grants: ['client_credentials'] } : false),
      getUserFromClient: () => ({ id: 1 }), saveToken: (t, client, user) => ({ ...t, client, user }),
    };
    const app = express();
    const oauth = new OAuthServer({ model });
    app.use(express.urlencoded({ extended: false }));
    app.post('/token', oauth.token());
    app.get('/orders', oauth.authenticate(), (_q, s) => s.json({ ok: true }));
    app.delete('/revoke', (req, s) => { delete tokens[req.query.t]; s.json({}); });
    app.listen(port);
  },
  // h3: a handler that looks at the header itself, createError.
  h3() {
    const { H3, serve, HTTPError, requireBasicAuth, basicAuth } = require('h3');
    const app = new H3();
    const guard = requireBasicAuth || null;
    app.get('/admin', async (event) => {
      if (guard) await guard(event, { username: 'alice', password: 'secret-7', realm: 'nitro' });
      return { ok: true };
    });
    app.get('/token', (event) => {
      const header = event.req.headers.get('authorization');
      if (!header) throw new HTTPError({ status: 401, statusText: 'Missing bearer token', message: 'Missing bearer token' });
      if (header !== 'Bearer nitro-55d0c1') throw new HTTPError({ status: 401, message: 'Bad bearer token' });
      return { ok: true };
    });
    serve(app, { port, hostname: '0.0.0.0', silent: true });
  },
  // ws: a WebSocket server that refuses the upgrade without a ticket.
  ws() {
    const { WebSocketServer } = require('ws');
    const server = http.createServer((req, res) => {
      if (req.headers.authorization !== 'Basic YWxpY2U6c2VjcmV0LTc=') { res.writeHead(401, { 'WWW-Authenticate': 'Basic realm="chat"' }); return res.end(); }
      res.writeHead(200, { 'Content-Type': 'text/html' });
      return res.end('<h1>chat</h1>');
    });
    const sockets = new WebSocketServer({ noServer: true });
    server.on('upgrade', (req, socket, head) => {
      if (!/ticket=t-9/.test(req.url)) { socket.write('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'); return socket.destroy(); }
      return sockets.handleUpgrade(req, socket, head, (one) => one.send('hello'));
    });
    server.listen(port);
  },
  // moleculer-web: its API gateway's own errors.
  moleculer() {
    const { ServiceBroker } = require('moleculer');
    const Gateway = require('moleculer-web');
    const { UnAuthorizedError, ERR_NO_TOKEN, ERR_INVALID_TOKEN } = Gateway.Errors;
    const broker = new ServiceBroker({ logger: false });
    broker.createService({ name: 'things', actions: { list: () => ({ ok: true }) } });
    broker.createService({ name: 'api', mixins: [Gateway], settings: { port: Number(port), ip: '0.0.0.0', routes: [{ path: '/', authorization: true, aliases: { 'GET things': 'things.list' }, mappingPolicy: 'restrict' }] },
      methods: { async authorize(_ctx, _route, req) {
        const header = req.headers.authorization;
        if (!header) throw new UnAuthorizedError(ERR_NO_TOKEN);
        if (header !== 'Bearer mol-1199fe') throw new UnAuthorizedError(ERR_INVALID_TOKEN, { error: 'Invalid Token' });
      } } });
    broker.start();
  },
  // webdav-server: Digest over WebDAV.
  webdav() {
    const { v2 } = require('webdav-server');
    const users = new v2.SimpleUserManager();
    const alice = users.addUser('alice', 'secret-7', false);
    const rights = new v2.SimplePathPrivilegeManager();
    rights.setRights(alice, '/', ['all']);
    const server = new v2.WebDAVServer({ httpAuthentication: new v2.HTTPDigestAuthentication(users, 'files'), privilegeManager: rights, port: Number(port), requireAuthentification: true });
    server.start(() => {});
  },
  // GraphQL Yoga with its JWT plug-in: refuses before GraphQL, or answers 200 with an error.
  yoga() {
    const { createYoga, createSchema } = require('graphql-yoga');
    const { GraphQLError } = require('graphql');
    const { useJWT, createInlineSigningKeyProvider } = require('@graphql-yoga/plugin-jwt');
    const schema = createSchema({ typeDefs: 'type Query { me: String, open: String }', resolvers: { Query: { open: () => 'ok', me: (_p, _a, ctx) => { if (!ctx.jwt) throw new GraphQLError('You are not authenticated', { extensions: { code: 'UNAUTHENTICATED' } }); return ctx.jwt.payload.sub; } } } });
    const strict = createYoga({ schema, graphqlEndpoint: '/graphql', logging: false, plugins: [useJWT({ signingKeyProviders: [createInlineSigningKeyProvider(SECRET)], tokenVerification: { algorithms: ['HS256'], audience: 'shop', issuer: 'https://id.test' }, reject: { missingToken: true, invalidToken: true } })] });
    const soft = createYoga({ schema, graphqlEndpoint: '/soft', logging: false });
    http.createServer((q, s) => (q.url.startsWith('/soft') ? soft(q, s) : strict(q, s))).listen(port);
  },
  // Apollo Server, whose context refuses with a status of its own.
  apollo() {
    const { ApolloServer } = require('@apollo/server');
    const { startStandaloneServer } = require('@apollo/server/standalone');
    const { GraphQLError } = require('graphql');
    const server = new ApolloServer({ typeDefs: 'type Query { me: String }', resolvers: { Query: { me: () => 'alice' } }, csrfPrevention: false });
    startStandaloneServer(server, { listen: { port: Number(port) }, context: async ({ req }) => {
      if (req.headers.authorization !== 'Bearer apollo-7c1f') throw new GraphQLError('User is not authenticated', { extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } } });
      return {};
    } });
  },
  // better-auth in memory: sessions in cookies, sign-in by e-mail.
  betterauth() {
    Promise.all([...['index', 'integrations/node', 'adapters/memory-adapter/index'].map((file) => import(`${process.env.NODE_PATH}/better-auth/dist/${file}.mjs`))]).then(([{ betterAuth }, { toNodeHandler }, { memoryAdapter }]) => {
      const auth = betterAuth({ baseURL: `http://127.0.0.1:${port}`, secret: SECRET, database: memoryAdapter({ user: [], session: [], account: [], verification: [] }), emailAndPassword: { enabled: true }, trustedOrigins: ['*'], rateLimit: { enabled: false } });
      const handler = toNodeHandler(auth);
      http.createServer(async (q, s) => {
        if (!q.url.startsWith('/me')) return handler(q, s);
        const session = await auth.api.getSession({ headers: new Headers(Object.entries(q.headers)) });
        s.writeHead(session ? 200 : 401, { 'Content-Type': 'application/json' });
        return s.end(JSON.stringify(session ? { user: session.user.email } : { message: 'Unauthorized' }));
      }).listen(port);
    });
  },
  // Express by hand: rate limits, HMAC, cookie sessions that vanish, tokens in query and body, keys by header.
  hand() {
    const express = require('express');
    const crypto = require('crypto');
    const jwt = require('jsonwebtoken');
    const app = express();
    app.use(express.json());
    app.use(require('cookie-session')({ name: 'app_session', secret: SECRET, secure: false, path: process.env.EXAM_COOKIE_PATH || '/' }));
    const limiter = require('express-rate-limit').rateLimit({ windowMs: 60e3, limit: 4, statusCode: 401, message: { error: 'Too many requests, slow down' }, standardHeaders: 'draft-7' });
    app.post('/signin', (req, res) => (req.body.password === 'secret-7' ? (req.session.user = 'alice', res.json({ ok: true })) : res.status(401).json({ error: { code: 'auth/wrong-password', message: 'The password you entered does not match our records' } })));
    app.get('/account', (req, res) => (req.session.user ? res.json({ ok: true }) : res.status(401).json({ ok: false })));
    app.post('/signout', (req, res) => { req.session = null; res.json({ ok: true }); });
    app.get('/limited', limiter, (req, res) => (req.headers.authorization === 'Bearer l-1' ? res.json({ ok: true }) : res.status(401).json({ error: 'nope' })));
    app.get('/hmac', (req, res) => {
      const [, id, time, mac] = /^HMAC (\w+):(\d+):(\w+)$/.exec(req.headers.authorization || '') || [];
      if (!id) return res.status(401).json({ message: 'Request is not signed' });
      if (Math.abs(Date.now() / 1000 - time) > 120) return res.status(401).json({ message: 'Request timestamp is outside the allowed window' });
      const want = crypto.createHmac('sha256', SECRET).update(`${id}${time}${req.path}`).digest('hex');
      return want === mac ? res.json({ ok: true }) : res.status(401).json({ message: 'Signature mismatch' });
    });
    const verify = (options, words) => (req, res) => {
      try { jwt.verify((req.headers.authorization || '').replace(/^Bearer /i, ''), SECRET, options); return res.json({ ok: true }); } catch (error) {
        return words ? res.status(401).json({ errors: [{ title: words(error), status: '401' }] }) : res.status(401).end();
      }
    };
    app.get('/silent', verify({}));
    app.get('/silent-aud', verify({ audience: 'shop' }));
    app.get('/short', verify({}, (e) => ({ TokenExpiredError: 'Your sign-in has lapsed', JsonWebTokenError: 'We could not verify your token', NotBeforeError: 'Token used too early' })[e.name]));
    app.get('/aud', verify({ audience: 'shop', issuer: 'https://id.test' }, (e) => e.message));
    const revoked = new Set();
    app.post('/logout', (req, res) => { revoked.add(req.headers.authorization); res.json({}); });
    app.get('/denylist', (req, res) => (revoked.has(req.headers.authorization) ? res.status(401).json({ message: 'Token is no longer active' }) : verify({})(req, res)));
    app.get('/key', (req, res) => {
      const key = req.headers['x-service-key'] || req.query.apikey;
      if (!key) return res.status(401).json({ message: 'Provide your service key in X-Service-Key' });
      return key === 'sk_live_51c0ffee' ? res.json({ ok: true }) : res.status(401).json({ message: 'Unknown service key' });
    });
    app.get('/grpc', (_q, res) => res.set({ 'Content-Type': 'application/grpc-web+proto', 'grpc-status': '16', 'grpc-message': 'missing%20credentials' }).end());
    app.get('/body', (_q, res) => res.json({ errors: [{ message: 'Unauthorized', status: 401 }] }));
    app.get('/page', (_q, res) => res.send('<html><head><title>Sign in</title></head><body><form method="post" action="/signin"><input name="user"><input type="password" name="password"></form></body></html>'));
    app.listen(port);
  },
};
apps[name]();
