// Adds headers to each request that a Node server receives, as a proxy before it would, without a further hop.
// `ADDED_HEADERS` holds them as a JSON object.
import http from "node:http";

const added = Object.entries(JSON.parse(process.env.ADDED_HEADERS));
const emit = http.Server.prototype.emit;

http.Server.prototype.emit = function (event, request, ...rest) {
  if (event === "request") {
    for (const [name, value] of added) {
      request.headers[name] = value;
      request.rawHeaders.push(name, value);
    }
  }
  return emit.call(this, event, request, ...rest);
};
