# Sinatra with Rack's own protections.
require 'sinatra/base'
class App < Sinatra::Base
  set :bind, '0.0.0.0'
  set :port, @PORT@
  set :server, 'webrick'
  use Rack::Auth::Basic, 'Sinatra' do |user, password|
    user == 'alice' && password == 'secret-7'
  end
  get('/*') { 'inside' }
  run!
end
