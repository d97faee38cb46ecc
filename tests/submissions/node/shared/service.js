'use strict';
// A server: its beginning, its sockets, its clients, its end.

const net = require('net');
const { reason, written } = require('./words.js');

/** A signal ends the program, once; any further one changes nothing. */
const stopOnSignals = (say, before = () => {}) => {
  let isStopping = false;
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      if (isStopping) return;
      isStopping = true;
      before();
      say('stop', signal);
      process.exit(0);
    });
  }
};

/** One listening socket. Calls back with (error) or (null, server). */
const open = (host, port, options, onSocket, callback) => {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true, ...options }, onSocket);
  server.once('error', callback);
  server.listen({ host, port, ipv6Only: host === '::' }, () => {
    server.off('error', callback);
    callback(null, server);
  });
};

/**
 * A socket for each host in `hosts`; a family that the machine has not got is left out.
 * Calls back with (what went wrong, its code) or (null, servers).
 */
const openAll = (hosts, port, options, onSocket, callback) => {
  const servers = [];
  const step = (i) => {
    if (i === hosts.length) {
      return servers.length > 0 ? callback(null, servers) : callback('no address to listen on', '');
    }
    open(hosts[i], port, options, onSocket, (error, server) => {
      if (error && hosts.length > 1 && ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(error.code)) {
        return step(i + 1);
      }
      if (!error) {
        servers.push(server);
        return step(i + 1);
      }
      // What was got of this port is let go.
      let left = servers.length;
      const done = () => callback(`listen on ${written(hosts[i], port)}: ${reason(error)}`, error.code);
      if (left === 0) return done();
      for (const one of servers) one.close(() => --left === 0 && done());
    });
  };
  step(0);
};

/** As openAll, port after port until one is free. */
const openFree = (hosts, first, options, onSocket, callback) => {
  const attempt = (port) => openAll(hosts, port, options, onSocket, (trouble, code) => {
    if (!trouble) return callback(null, code, port);
    const next = port === 65535 ? 1024 : port + 1;
    if (code !== 'EADDRINUSE') return callback(trouble);
    if (next === first || (first < 1024 && port === 65535)) return callback('listen: every port is busy');
    attempt(next);
  });
  attempt(first);
};

/** Who comes while somebody is served waits, unread. `serve` gets a socket and its peer, and returns a Talk. */
const oneByOne = (say, serve) => {
  const waiting = [];
  let isBusy = false;
  const next = () => {
    isBusy = waiting.length > 0;
    if (!isBusy) return;
    const { socket, peer } = waiting.shift();
    say('connect', peer);
    const talk = serve(socket, peer);
    talk.onGone = () => setImmediate(next);
    if (socket.destroyed) return;
    socket.resume(); // it was paused when it came ...
    socket.pause();  // ... and is read by hand
  };
  return (socket) => {
    socket.on('error', () => {});
    waiting.push({ socket, peer: written(socket.remoteAddress, socket.remotePort) });
    if (!isBusy) next();
  };
};

module.exports = { stopOnSignals, openAll, openFree, oneByOne };
