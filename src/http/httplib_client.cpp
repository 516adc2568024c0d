// cpp-httplib as a client over the daemon's unix socket.
#include <httplib.h>

#include "http/unix_connection.h"
#include "lastgood/http/client.h"

namespace lastgood::http {
namespace {

httplib::Client make_client(const std::string& path, Millis timeout) {
    httplib::Client client(path, 1);  // the port is not used, but must not be 0
    client.set_address_family(AF_UNIX);
    client.set_connection_timeout(timeout);
    client.set_read_timeout(timeout);
    client.set_write_timeout(timeout);
    client.set_keep_alive(false);
    return client;
}

ClientResponse to_response(const httplib::Result& result) {
    if (!result) {
        return {.status = 0,
                .content_type = {},
                .body = "the daemon sent no whole answer (" + httplib::to_string(result.error()) +
                        "): it hangs, or ended meanwhile; see: systemctl status lastgood"};
    }
    return {.status = result->status,
            .content_type = result->get_header_value("Content-Type"),
            .body = result->body};
}

}  // namespace

Expected<ClientResponse> request(const std::string& socket_path, const std::string& method,
                                 const std::string& path, const std::string& body, Millis timeout) {
    // cpp-httplib doesn't say why it could not connect, so that is found out first.
    if (auto reached = connect_unix(socket_path); !reached) return reached.error();
    httplib::Client client = make_client(socket_path, timeout);
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.headers = {{"Host", "localhost"}};
    request.body = body;
    if (!body.empty()) request.set_header("Content-Type", "application/json");
    return to_response(client.send(request));
}

}  // namespace lastgood::http
