# Ruby servers of the third set: third.rb PORT. Grape with http_basic, Rack's Digest-less Basic, Warden, tokens by hand.
require 'grape'
require 'warden'
require 'jwt'
require 'rack'

SECRET = 'exam-secret-exam-secret-exam-secret'

class Basic < Grape::API
  format :json
  http_basic(realm: 'Grape') { |user, word| user == 'alice' && word == 'secret-7' }
  get('/basic') { { ok: true } }
end

class Tokens < Grape::API
  format :json
  helpers do
    def check!
      JWT.decode(headers['Authorization'].to_s.split.last, SECRET, true, algorithm: 'HS256', verify_aud: true, aud: 'shop')
    rescue JWT::DecodeError => e
      error!({ error: e.class.name, detail: e.message }, 401)
    end
  end
  get('/jwt') { check!; { ok: true } }
  get('/rails') do
    error!('HTTP Token: Access denied.', 401, 'WWW-Authenticate' => 'Token realm="Application"') unless headers['Authorization'] == 'Token token="rb-771a"'
    { ok: true }
  end
end

Warden::Strategies.add(:word) do
  def valid?; params['word']; end
  def authenticate!; params['word'] == 'secret-7' ? success!('alice') : fail!('Could not log in'); end
end

app = Rack::Builder.new do
  use Rack::Session::Cookie, secret: SECRET * 2, key: 'rack.session'
  use Warden::Manager do |m|
    m.default_strategies :word
    m.failure_app = ->(env) { [401, { 'Content-Type' => 'text/plain' }, [env['warden'].message || 'You need to sign in before continuing.']] }
  end
  map('/g') { run Basic }
  map('/t') { run Tokens }
  map('/w') { run ->(env) { env['warden'].authenticate!; [200, {}, ['ok']] } }
end
require 'rack/handler/webrick'
Rack::Handler::WEBrick.run(app.to_app, Host: '0.0.0.0', Port: ARGV[0].to_i, AccessLog: [], Logger: WEBrick::Log.new(File::NULL))
