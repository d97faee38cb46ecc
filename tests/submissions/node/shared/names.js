'use strict';
// What a name may be.

const { isUtf8 } = require('buffer');

/** The name in these bytes, or undefined. */
const nameIn = (bytes) => {
  if (!isUtf8(bytes)) return undefined;
  const name = bytes.toString().replace(/^ +| +$/g, '');
  const size = [...name].length;
  return size >= 1 && size <= 32 && !/\p{Cc}/u.test(name) ? name : undefined;
};

module.exports = { nameIn };
