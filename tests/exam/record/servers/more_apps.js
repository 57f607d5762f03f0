// Small Node servers of the second set of recordings: node more_apps.js NAME PORT.
'use strict';
const [name, port] = process.argv.slice(2);
const SECRET = 'exam-secret-exam-secret-exam-secret';

const apps = {
  // The http-auth package: Digest with its own nonces.
  httpauth() {
    const auth = require('http-auth');
    const md5 = (text) => require('crypto').createHash('md5').update(text).digest('hex');
    const digest = auth.digest({ realm: 'vault' }, (user, done) => (user === 'alice' ? done(md5('alice:vault:secret-7')) : done()));
    require('http').createServer(digest.check((_req, res) => res.end('ok'))).listen(port);
  },
  // Auth0's express-oauth2-jwt-bearer: RFC 6750 challenges.
  bearer() {
    const app = require('express')();
    const { auth, requiredScopes } = require('express-oauth2-jwt-bearer');
    app.use(auth({ issuer: 'https://id.test', audience: 'shop', secret: SECRET, tokenSigningAlg: 'HS256' }));
    app.get('/items', (_req, res) => res.json({ ok: true }));
    app.get('/admin', requiredScopes('admin'), (_req, res) => res.json({ ok: true }));
    app.listen(port);
  },
  // passport with a key in a header, a session that is checked by hand, and a proxy in front of nothing.
  passport() {
    const express = require('express');
    const passport = require('passport');
    const { HeaderAPIKeyStrategy } = require('passport-headerapikey');
    const app = express();
    passport.use(new HeaderAPIKeyStrategy({ header: 'X-Api-Key', prefix: '' }, false, (key, done) => done(null, key === 'k-77' && { name: 'alice' })));
    app.use(express.json());
    app.get('/key', passport.authenticate('headerapikey', { session: false }), (_req, res) => res.json({ ok: true }));
    let failed = 0;
    app.post('/auth/login', (req, res) => {
      if (failed >= 4) return res.status(401).json({ message: 'Too many login attempts, please try again later.' });
      if (req.body.password === 'secret-7') return res.json({ ok: true });
      failed += 1;
      return res.status(401).json({ message: 'Incorrect e-mail or password.' });
    });
    app.listen(port);
  },
  // express-session with csurf turned into a 401.
  csrf() {
    const express = require('express');
    const app = express();
    app.use(require('express-session')({ secret: SECRET, resave: false, saveUninitialized: true }));
    app.use(require('csurf')());
    app.get('/form', (req, res) => res.json({ token: req.csrfToken() }));
    app.post('/form', (_req, res) => res.json({ ok: true }));
    app.use((error, _req, res, _next) => res.status(401).json({ error: error.message }));
    app.listen(port);
  },
  // hapi with Hawk.
  async hawk() {
    const Hapi = require('@hapi/hapi');
    const Hawk = require('@hapi/hawk');
    const server = Hapi.server({ port, host: '0.0.0.0' });
    server.auth.scheme('hawk', () => ({
      authenticate: async (request, h) => {
        try {
          const { credentials } = await Hawk.server.authenticate(request.raw.req, (id) => (id === 'dh37' ? { key: 'werxhqb98rpaxn39848xrunpaw3489ruxnpa98w4rxn', algorithm: 'sha256', user: 'alice' } : null));
          return h.authenticated({ credentials });
        } catch (error) { return h.unauthenticated(error); }
      },
    }));
    server.auth.strategy('hawk', 'hawk');
    server.auth.default('hawk');
    server.route({ method: 'GET', path: '/resource', handler: () => 'ok' });
    await server.start();
  },
  // jsonwebtoken by hand, as in most tutorials.
  tutorial() {
    const express = require('express');
    const jwt = require('jsonwebtoken');
    const app = express();
    app.get('/posts', (req, res) => {
      const token = (req.headers.authorization || '').split(' ')[1];
      if (!token) return res.status(401).send('Access Denied. No token provided.');
      try { jwt.verify(token, SECRET); res.json({ ok: true }); } catch { res.status(401).send('Invalid Token'); }
      return undefined;
    });
    app.get('/told', (req, res) => {
      try { jwt.verify((req.headers.authorization || '').replace('Bearer ', ''), SECRET, { audience: 'shop', issuer: 'https://id.test' }); res.json({ ok: true }); } catch (error) { res.status(401).json({ success: false, name: error.name, message: error.message }); }
    });
    app.get('/cookie', (req, res) => {
      const token = /(?:^|; )jwt=([^;]*)/.exec(req.headers.cookie || '');
      if (!token) return res.status(401).json({ message: 'Not authorized, no token' });
      try { jwt.verify(token[1], SECRET); res.json({ ok: true }); } catch { res.status(401).json({ message: 'Not authorized, token failed' }); }
      return undefined;
    });
    app.get('/go', (req, res) => res.redirect(307, req.query.to));
    app.listen(port);
  },
  // A proxy that sends its own service login instead of the user's.
  proxy() {
    const { createProxyMiddleware } = require('http-proxy-middleware');
    const app = require('express')();
    app.use('/drop', createProxyMiddleware({ target: process.env.EXAM_TARGET, xfwd: true, on: { proxyReq: (out) => out.removeHeader('authorization') } }));
    app.use('/keep', createProxyMiddleware({ target: process.env.EXAM_TARGET, xfwd: true }));
    app.listen(port);
  },
};
apps[name]();
