'use strict';
// From a host's name to a connection.

const dns = require('dns');
const net = require('net');
const { written, reason } = require('./words.js');

const resolve = (host, callback) => {
  if (host === '' || host.length > 255 || /[\u0000-\u0020\u007f-\u009f]/.test(host)) {
    return setImmediate(callback, new Error('not a host name'));
  }
  try {
    dns.lookup(host, { all: true, verbatim: true }, (error, found) =>
      callback(error || (found.length === 0 ? new Error('no address') : null), found));
  } catch (error) {
    setImmediate(callback, error);
  }
};

/** Each address in turn. Calls back with (what was wrong) or (null, socket, address). */
const connect = (host, port, options, callback) => {
  resolve(host, (error, addresses) => {
    if (error) return callback(`resolve ${host}: ${error.code || error.message}`);
    const attempt = (i) => {
      const { address } = addresses[i];
      const socket = net.connect({ allowHalfOpen: true, ...options, host: address, port });
      const failed = (why) => {
        socket.destroy();
        if (i + 1 < addresses.length) attempt(i + 1);
        else callback(`connect to ${written(address, port)}: ${reason(why)}`);
      };
      socket.once('error', failed);
      socket.once('connect', () => {
        socket.off('error', failed);
        callback(null, socket, written(address, port));
      });
    };
    attempt(0);
  });
};

module.exports = { resolve, connect };
