require "socket"

$stdout.sync = true
server = TCPServer.new("0.0.0.0", (ENV["PORT"] || "4000").to_i)
trap("TERM") { exit! 0 }

loop do
  Thread.new(server.accept) do |client|
    first = client.gets.to_s
    while (line = client.gets) && line != "\r\n"; end
    body = first.include?("/healthz") ? "fine" : "hello from ruby"
    client.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: #{body.size}\r\n\r\n#{body}")
    client.close
  end
end
