// kinesalite would listen on all addresses; this is loaded before it.
const net = require('net');
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  const callback = rest.find((r) => typeof r === 'function');
  return listen.call(this, { port, host: '127.0.0.1' }, callback);
};
