// The app that is under load. Its socket is what it was given (LISTEN_FDS, SERVER_STARTER_PORT), else the port
// it is told. Told to end, it takes no new connection, says `Connection: close` with each further
// answer, and goes when none is open, or after a second.
//
//     node web.js PORT
//
// behaviour.json beside it: {"version": …, "bad": "exit" | "deaf" | "late"}
'use strict';
const fs = require('fs');
const http = require('http');
const net = require('net');
const path = require('path');

const behaviour = JSON.parse(fs.readFileSync(path.join(__dirname, 'behaviour.json'), 'utf8'));
if (behaviour.bad === 'exit') process.exit(3);
const port = process.argv[2];
const body = `${behaviour.version} ${process.pid}\n`;
const open = new Set();
let ending = false;
let crash = null;

const server = http.createServer((request, response) => {
  const health = request.url === '/health';
  const well = !(health && behaviour.bad === 'deaf');
  response.writeHead(well ? 200 : 503, {
    'Content-Length': Buffer.byteLength(body),
    ...(ending ? { Connection: 'close' } : {}),
  });
  response.end(body);
  if (!health && behaviour.bad === 'late' && !crash) {
    crash = setTimeout(() => process.exit(7), 150);
  }
});
server.keepAliveTimeout = 60000;
server.on('connection', (socket) => {
  open.add(socket);
  socket.on('close', () => {
    open.delete(socket);
    if (ending && open.size === 0) process.exit(0);
  });
});

function end() {
  if (ending) return;
  ending = true;
  // Not http's own close: it ends idle connections at once, on which a request may be on its way.
  net.Server.prototype.close.call(server);
  if (open.size === 0) process.exit(0);
  setTimeout(() => process.exit(0), 1000);
}
process.on('SIGTERM', end);
process.on('SIGINT', end);

function place() {
  if (process.env.LISTEN_FDS) return { fd: 3 };
  const given = /=(\d+)$/.exec(process.env.SERVER_STARTER_PORT || '');
  return given ? { fd: Number(given[1]) } : { port: Number(port), host: '127.0.0.1', backlog: 4096 };
}
server.listen(place(), () => {
  if (process.send) process.send('ready');
});
