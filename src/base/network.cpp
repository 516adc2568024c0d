#include "lastgood/base/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

#include "lastgood/base/strings.h"

namespace lastgood {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kMappedBits = 96;
constexpr int kSenderBits = 64;

std::uint8_t mask_of(int prefix, std::size_t byte) {
    const int bits = std::clamp(prefix - 8 * static_cast<int>(byte), 0, 8);
    return static_cast<std::uint8_t>(0xff00 >> bits);
}

Error no_network(std::string_view text) {
    return Error{printable(text, 100) + " is no network",
                 "write an address or ADDRESS/BITS, such as 192.0.2.0/24 or 2001:db8::/32"};
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    const std::string terminated(text);
    IpAddress address;
    if (terminated.size() != std::char_traits<char>::length(terminated.c_str())) {
        return std::nullopt;
    }
    if (inet_pton(AF_INET6, terminated.c_str(), address.bytes_.data()) == 1) return address;
    if (inet_pton(AF_INET, terminated.c_str(), address.bytes_.data() + kMapped.size()) != 1) {
        return std::nullopt;
    }
    std::copy(kMapped.begin(), kMapped.end(), address.bytes_.begin());
    return address;
}

bool IpAddress::is_v4() const {
    return std::equal(kMapped.begin(), kMapped.end(), bytes_.begin());
}

std::string IpAddress::text() const {
    char text[INET6_ADDRSTRLEN] = "";
    if (is_v4()) {
        inet_ntop(AF_INET, bytes_.data() + kMapped.size(), text, sizeof text);
    } else {
        inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
    }
    return text;
}

IpAddress IpAddress::sender() const {
    if (is_v4()) return *this;
    IpAddress network = *this;
    for (std::size_t i = 0; i < 16; ++i) network.bytes_[i] &= mask_of(kSenderBits, i);
    return network;
}

Expected<Network> Network::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) return no_network(text);
    Network network;
    network.base_ = *address;
    if (slash == std::string_view::npos) return network;
    const std::string_view bits = text.substr(slash + 1);
    const int longest = address->is_v4() ? 32 : 128;
    int prefix = 0;
    const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), prefix);
    if (error != std::errc() || end != bits.data() + bits.size() || prefix < 0 ||
        prefix > longest) {
        return no_network(text);
    }
    network.prefix_ = prefix + (address->is_v4() ? kMappedBits : 0);
    for (std::size_t i = 0; i < 16; ++i) {
        if ((address->bytes()[i] & ~mask_of(network.prefix_, i)) == 0) continue;
        return Error{printable(text, 100) + " has bits set beyond its prefix",
                     "write the network's first address, or the address alone"};
    }
    return network;
}

bool Network::contains(const IpAddress& address) const {
    for (std::size_t i = 0; i < 16; ++i) {
        if (((address.bytes()[i] ^ base_.bytes()[i]) & mask_of(prefix_, i)) != 0) return false;
    }
    return true;
}

std::string Network::text() const {
    const bool v4 = base_.is_v4() && prefix_ >= kMappedBits;
    if (prefix_ == 128) return base_.text();
    return base_.text() + "/" + std::to_string(v4 ? prefix_ - kMappedBits : prefix_);
}

bool contains(const std::vector<Network>& networks, const IpAddress& address) {
    return std::any_of(networks.begin(), networks.end(),
                       [&address](const Network& network) { return network.contains(address); });
}

std::vector<Network> loopback_networks() {
    return {*Network::parse("127.0.0.0/8"), *Network::parse("::1")};
}

}  // namespace lastgood
