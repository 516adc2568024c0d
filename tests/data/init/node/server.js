const greet = require("greet");
const http = require("http");

http.createServer((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    response.end(path === "/healthz" ? "fine" : greet("node"));
}).listen(process.env.PORT || 3000);
