// One request by one of Node's HTTP clients: node node_client.js LIBRARY METHOD URL HEADERS-AS-JSON [BODY].
// LIBRARY axios-renew is axios with the usual interceptor that renews its token and tries again.
'use strict';
const { createRequire } = require('module');
const path = require('path');
const { pathToFileURL } = require('url');
const need = createRequire(path.join(process.env.NODE_PATH, 'x.js'));
const load = async (name) => import(pathToFileURL(need.resolve(name)).href);
const [library, method, url, headersText, body] = process.argv.slice(2);
const headers = JSON.parse(headersText || '{}');

const clients = {
  axios: () => need('axios')({ method, url, headers, data: body, validateStatus: () => true }),
  'axios-renew': async () => {
    const axios = need('axios').create({ headers });
    axios.interceptors.response.use(null, async (error) => {
      if (error.response.status !== 401 || error.config.again) throw error;
      const { data } = await axios.post(body, {});
      return axios({ ...error.config, again: true, headers: { ...error.config.headers, Authorization: `Bearer ${data.token}` } });
    });
    await axios({ method, url });
  },
  got: async () => { const got = need('got'); return (got.default || got.got || got)(url, { method, headers, body, throwHttpErrors: false, retry: { limit: 0 } }); },
  ky: async () => (await load('ky')).default(url, { method, headers, body, throwHttpErrors: false, retry: 0 }),
  fetch: async () => (await fetch(url, { method, headers, body })).text(),
  undici: async () => (await need('undici').request(url, { method, headers, body })).body.text(),
  superagent: () => need('superagent')(method, url).set(headers).send(body).ok(() => true),
  needle: () => need('needle')(method.toLowerCase(), url, body, { headers }),
  httpntlm: () => new Promise((done) => need('httpntlm').get({ url, username: 'alice', password: 'secret-7', workstation: 'desk', domain: 'EXAM' }, done)),
};
Promise.resolve(clients[library]()).catch(() => 0);
