// The Node servers of the recordings: node node_apps.js NAME PORT (NODE_PATH names their modules).
// Each does what its framework's documentation shows; users, keys and secrets are as in python_apps.py.
'use strict';
const { createRequire } = require('module');
const path = require('path');
const { pathToFileURL } = require('url');

const root = process.env.NODE_PATH;
const need = createRequire(path.join(root, 'x.js'));
// ESM-only packages resolve from the modules' folder too.
const load = async (name) => import(pathToFileURL(need.resolve(name)).href);
const USER = 'alice', PASSWORD = 'secret-7', SECRET = 'exam-secret-exam-secret-exam-secret';
const TOKENS = { 'tok-alice-1f9c': 'alice', 'tok-bob-77d0': 'bob' };
const jsonwebtoken = need('jsonwebtoken');

const apps = {
  async fastify(port) {
    const app = need('fastify')();
    await app.register(need('@fastify/jwt'), { secret: SECRET });
    await app.register(need('@fastify/basic-auth'), {
      validate: async (user, password) => { if (user !== USER || password !== PASSWORD) throw new Error('Wrong credentials'); },
      authenticate: { realm: 'Fastify' },
    });
    app.get('/orders', { onRequest: async (request) => request.jwtVerify() }, async () => ({ orders: [] }));
    app.get('/refunds', { onRequest: async (request) => request.jwtVerify() }, async (request, reply) => {
      if ((request.user.scope || '').includes('refunds')) return {};
      return reply.code(401).header('www-authenticate', 'Bearer error="insufficient_scope", scope="refunds"').send({ error: 'insufficient_scope' });
    });
    app.post('/refresh', async (request) => ({ token: app.jwt.sign({ sub: 'alice' }, { expiresIn: '5m' }) }));
    app.get('/basic', { onRequest: app.basicAuth }, async () => 'inside');
    app.register(async (scope) => {
      await scope.register(need('@fastify/bearer-auth'), { keys: new Set(Object.keys(TOKENS)) });
      scope.get('/keys', async () => ({ ok: true }));
    });
    await app.listen({ port, host: '0.0.0.0' });
  },
  async koa(port) {
    const Koa = need('koa'), jwt = need('koa-jwt'), basic = need('koa-basic-auth');
    const app = new Koa();
    app.use(async (ctx, next) => {
      try { await next(); } catch (error) {
        if (error.status !== 401) throw error;
        ctx.status = 401;
        ctx.body = ctx.path.startsWith('/debug') ? { error: error.originalError ? error.originalError.message : error.message } : 'Protected resource, use Authorization header to get access\n';
        if (ctx.path.startsWith('/basic')) ctx.set('WWW-Authenticate', 'Basic');
      }
    });
    const guard = { jwt: jwt({ secret: SECRET }), basic: basic({ name: USER, pass: PASSWORD }) };
    app.use((ctx, next) => (ctx.path.startsWith('/open') ? next() : ctx.path.startsWith('/basic') ? guard.basic(ctx, next) : guard.jwt(ctx, next)));
    app.use((ctx) => { ctx.body = { ok: true }; });
    app.listen(port, '0.0.0.0');
  },
  async hapi(port) {
    const server = need('@hapi/hapi').server({ port, host: '0.0.0.0' });
    await server.register([need('@hapi/basic'), need('@hapi/jwt'), need('@hapi/cookie')]);
    server.auth.strategy('simple', 'basic', { validate: async (_request, user, password) => ({ isValid: user === USER && password === PASSWORD, credentials: { user } }) });
    server.auth.strategy('token', 'jwt', { keys: SECRET, verify: { aud: 'hapi-api', iss: 'https://id.test', sub: false, nbf: true, exp: true, timeSkewSec: 0 }, validate: () => ({ isValid: true }) });
    server.auth.strategy('session', 'cookie', { cookie: { name: 'sid', password: SECRET, isSecure: false }, validate: async (_request, session) => ({ isValid: session.until > Date.now() }) });
    server.route([
      { method: 'GET', path: '/basic', options: { auth: 'simple' }, handler: () => 'inside' },
      { method: 'GET', path: '/orders', options: { auth: 'token' }, handler: () => ({ orders: [] }) },
      { method: 'GET', path: '/session', options: { auth: 'session' }, handler: () => 'inside' },
      { method: 'POST', path: '/login', handler: (request, h) => { request.cookieAuth.set({ until: Date.now() + Number(request.query.ms || 60000) }); return 'ok'; } },
    ]);
    await server.start();
  },
  async express(port) {
    const express = need('express'), passport = need('passport'), session = need('express-session');
    const { BasicStrategy, DigestStrategy } = need('passport-http');
    const BearerStrategy = need('passport-http-bearer').Strategy;
    const { Strategy: JwtStrategy, ExtractJwt } = need('passport-jwt');
    const { expressjwt } = need('express-jwt');
    passport.use(new BasicStrategy((user, password, done) => done(null, user === USER && password === PASSWORD && { user })));
    passport.use(new DigestStrategy({ qop: 'auth' }, (user, done) => (user === USER ? done(null, { user }, PASSWORD) : done(null, false))));
    passport.use(new BearerStrategy((token, done) => done(null, TOKENS[token] ? { user: TOKENS[token] } : false, { scope: 'read' })));
    passport.use(new JwtStrategy({ jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: SECRET }, (claims, done) => done(null, claims)));
    const app = express(), inside = (_request, response) => response.json({ ok: true });
    for (const name of ['basic', 'digest', 'bearer', 'jwt']) app.get('/' + name, passport.authenticate(name, { session: false }), inside);
    app.get('/api/aud', expressjwt({ secret: SECRET, algorithms: ['HS256'], audience: 'https://api.test' }), inside);
    app.get('/api/iss', expressjwt({ secret: SECRET, algorithms: ['HS256'], issuer: 'https://id.test/' }), inside);
    app.use('/api', expressjwt({ secret: SECRET, algorithms: ['HS256'] }), inside);
    app.use('/web', session({ secret: SECRET, resave: false, saveUninitialized: false, cookie: { maxAge: 60000 } }));
    app.post('/web/login', (request, response) => { request.session.user = USER; response.json({ ok: true }); });
    app.get('/web/me', (request, response) => (request.session.user ? response.json({ user: USER }) : response.status(401).json({ message: 'You are not logged in' })));
    app.get('/page', (request, response) => response.type('html').send(`<!doctype html><link rel="icon" href="data:,"><title>page</title><script>
      fetch(${JSON.stringify(request.query.to)}, { method: 'POST', headers: { Authorization: 'Bearer tok', 'Content-Type': 'application/json' }, body: '{}' }).catch(() => 0)</script>`));
    app.use((error, _request, response, _next) => response.status(error.status || 500).json({ code: error.code, message: error.message }));
    app.listen(port, '0.0.0.0');
  },
  async hono(port) {
    const { Hono } = await load('hono'), { jwt } = await load('hono/jwt'), { serve } = await load('@hono/node-server');
    const { basicAuth } = await load('hono/basic-auth'), { bearerAuth } = await load('hono/bearer-auth');
    const app = new Hono();
    app.use('/orders', jwt({ secret: SECRET, alg: 'HS256' }));
    app.use('/basic', basicAuth({ username: USER, password: PASSWORD }));
    app.use('/bearer', bearerAuth({ token: Object.keys(TOKENS) }));
    app.get('*', (c) => c.json({ ok: true }));
    serve({ fetch: app.fetch, port, hostname: '0.0.0.0' });
  },
  async restify(port) {
    const restify = need('restify'), errors = need('restify-errors');
    const server = restify.createServer({ name: 'restify' });
    server.use(restify.plugins.authorizationParser());
    server.get('/orders', (request, response, next) => {
      const { scheme, credentials } = request.authorization;
      if (!scheme) return next(new errors.UnauthorizedError('Authorization required'));
      if (scheme !== 'Bearer') return next(new errors.InvalidCredentialsError('Bearer authentication is required'));
      try { jsonwebtoken.verify(credentials, SECRET, { issuer: 'https://id.test' }); } catch (error) { return next(new errors.UnauthorizedError(error.message)); }
      response.send({ orders: [] });
      next();
    });
    server.listen(port, '0.0.0.0');
  },
  async polka(port) {
    const { jwtVerify } = await load('jose'), key = new TextEncoder().encode(SECRET);
    need('polka')().get('/orders', async (request, response) => {
      const token = (request.headers.authorization || '').replace(/^Bearer /, '');
      try {
        await jwtVerify(token, key, { algorithms: ['HS256'], clockTolerance: 0 });
        response.end('{}');
      } catch (error) {
        response.writeHead(401, { 'content-type': 'application/json', 'www-authenticate': 'Bearer realm="polka"' });
        response.end(JSON.stringify({ code: error.code, error: error.message }));
      }
    }).listen(port, '0.0.0.0');
  },
  async ntlm(port) {
    const app = need('express')();
    app.use(need('express-ntlm')());
    app.all('/{*rest}', (request, response) => response.json(request.ntlm));
    app.listen(port, '0.0.0.0');
  },
  async strip(port) { // A reverse proxy whose author removes what it thinks is hop-by-hop.
    const proxy = need('http-proxy').createProxyServer({ target: process.env.EXAM_TARGET, xfwd: true });
    require('http').createServer((request, response) => { delete request.headers.authorization; proxy.web(request, response); }).listen(port, '0.0.0.0');
  },
};
apps[process.argv[2]](Number(process.argv[3])).catch((error) => { console.error(error); process.exit(1); });
