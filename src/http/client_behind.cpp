#include "lastgood/http/client_behind.h"

#include "lastgood/base/strings.h"

namespace lastgood::http {

IpAddress client_behind(const std::vector<Network>& trusted, const IpAddress& peer,
                        const std::vector<std::pair<std::string, std::string>>& headers) {
    std::vector<std::string> hops;
    for (const auto& [name, value] : headers) {
        if (name != "x-forwarded-for") continue;
        for (auto& hop : split(value, ',')) hops.push_back(std::move(hop));
    }
    IpAddress client = peer;
    while (!hops.empty() && contains(trusted, client)) {
        const auto before = IpAddress::parse(trim(hops.back()));
        if (!before) break;
        client = *before;
        hops.pop_back();
    }
    return client;
}

}  // namespace lastgood::http
