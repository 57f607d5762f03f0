# WEBrick with its own Basic and Digest, and tokens checked by the jwt gem: ruby more.rb PORT.
require 'webrick'
require 'jwt'
require 'json'
require 'tmpdir'
SECRET = 'exam-secret-exam-secret-exam-secret'.freeze
server = WEBrick::HTTPServer.new(Port: ARGV[0].to_i, BindAddress: '0.0.0.0', AccessLog: [], Logger: WEBrick::Log.new(nil, 0))
server.mount_proc('/basic') do |request, response|
  WEBrick::HTTPAuth.basic_auth(request, response, 'ruby') { |user, password| user == 'alice' && password == 'secret-7' }
  response.body = 'ok'
end
passwords = WEBrick::HTTPAuth::Htdigest.new(File.join(Dir.mktmpdir, 'digest'))
passwords.set_passwd('rubyd', 'alice', 'secret-7')
digest = WEBrick::HTTPAuth::DigestAuth.new(Realm: 'rubyd', UserDB: passwords)
server.mount_proc('/digest') { |request, response| digest.authenticate(request, response); response.body = 'ok' }
server.mount_proc('/jwt') do |request, response|
  options = { algorithm: 'HS256', aud: 'shop', verify_aud: true, iss: 'https://id.test', verify_iss: true, verify_iat: true }
  JWT.decode(request['Authorization'].to_s.split.last, SECRET, true, options)
  response.body = 'ok'
rescue JWT::DecodeError => e
  response.status = 401
  response['Content-Type'] = 'application/json'
  response.body = { errors: [e.message] }.to_json
end
server.start
