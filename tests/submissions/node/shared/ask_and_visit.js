'use strict';
// The clients of labs 3 to 8: ask for what was not given, then go there.

const { argumentsOf, voice } = require('./words.js');
const { Keyboard } = require('./keyboard.js');
const { visit } = require('./guest.js');

module.exports = (manner) => {
  const { host, port } = argumentsOf('client', ['host', 'port']);
  const keyboard = new Keyboard();
  const withHost = (there) => {
    const go = (gate) => visit(there, gate, voice('client'), keyboard, manner);
    if (port) go(port);
    else keyboard.askPort(go);
  };
  if (host) withHost(host);
  else keyboard.askHost(withHost);
};
