// cpp-httplib as a client over the daemon's unix socket.
#include <httplib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "lastgood/base/limits.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/http/client.h"

namespace lastgood::http {
namespace {

Error not_reached(const std::string& path, int error) {
    Error result = system_error("nobody answers on " + path, error);
    if (error == ENOENT || error == ECONNREFUSED) {
        result.mend = "start the daemon: systemctl start lastgood, or lastgood serve";
    } else if (error == EACCES || error == EPERM) {
        result.mend = "run it with sudo, or add your user to the group lastgood";
    }
    return result;
}

// cpp-httplib doesn't say why it could not connect, so that is found out first.
Expected<void> probe(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return not_reached(path, ENAMETOOLONG);
    std::memcpy(address.sun_path, path.data(), path.size());
    const sys::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) {
        return not_reached(path, errno);
    }
    return {};
}

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
        return {
            .status = 0,
            .content_type = {},
            .body = "the daemon sent no whole answer (" + httplib::to_string(result.error()) + ")"};
    }
    return {.status = result->status,
            .content_type = result->get_header_value("Content-Type"),
            .body = result->body};
}

}  // namespace

Expected<ClientResponse> request(const std::string& socket_path, const std::string& method,
                                 const std::string& path, const std::string& body, Millis timeout) {
    if (auto reached = probe(socket_path); !reached) return reached.error();
    httplib::Client client = make_client(socket_path, timeout);
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.headers = {{"Host", "localhost"}};
    request.body = body;
    if (!body.empty()) request.set_header("Content-Type", "application/json");
    return to_response(client.send(request));
}

Expected<ClientResponse> stream(const std::string& socket_path, const std::string& path,
                                const std::function<bool(std::string_view)>& on_chunk) {
    if (auto reached = probe(socket_path); !reached) return reached.error();
    httplib::Client client = make_client(socket_path, std::chrono::hours(24));
    int status = 0;
    bool ended = false;
    std::string other_body;
    const auto result = client.Get(
        path, httplib::Headers{{"Host", "localhost"}},
        [&status](const httplib::Response& response) {
            status = response.status;
            return true;
        },
        [&](const char* data, size_t size) {
            if (status == 200) {
                ended = !on_chunk({data, size});
                return !ended;
            }
            other_body.append(data, size);
            return other_body.size() <= limits::kControlBodyBytesMax;
        });
    if (ended) return ClientResponse{.status = 200, .content_type = {}, .body = {}};
    ClientResponse response = to_response(result);
    if (response.status != 0) response.body = std::move(other_body);
    return response;
}

}  // namespace lastgood::http
